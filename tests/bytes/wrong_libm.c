/* A mathematical library whose every last bit may be wrong, to be preloaded (LD_PRELOAD).

   Each function calls the real one and moves the result to a neighbouring float, up or down by a
   hash of the arguments and of WRONG_LIBM, so results are repeatable. Results that every library
   gets right are left alone: zeros, infinities, and of whole arguments whole numbers and powers of
   two, such as exp 0, log10 1000 or pow(2, -53). What gives the same bytes here depends on the last
   bits of no library at all. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mixed(uint64_t h, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    h = (h ^ bits) * 0x9e3779b97f4a7c15u;
    return h ^ (h >> 29);
}

static int whole(double x) { return x == rint(x) && fabs(x) < 0x1p53; }

static int power_of_two(double x)
{
    int exponent;
    return frexp(x, &exponent) == 0.5;
}

static int surely_right(double result, double x, double y)
{
    return !isfinite(result) || result == 0.0 ||
           (whole(x) && whole(y) && (whole(result) || power_of_two(result)));
}

static double wrong(double result, double x, double y)
{
    static const char *seed;
    if (!seed && !(seed = getenv("WRONG_LIBM")))
        seed = "0";
    if (surely_right(result, x, y))
        return result;
    uint64_t h = mixed(mixed(strtoull(seed, 0, 10), x), y);
    return nextafter(result, h >> 63 ? INFINITY : -INFINITY);
}

typedef double (*one)(double);
typedef double (*two)(double, double);

#define REAL(name, type) \
    static type real; \
    if (!real) \
        real = (type)dlsym(RTLD_NEXT, #name)

#define ONE(name) \
    double name(double x) \
    { \
        REAL(name, one); \
        return wrong(real(x), x, 0.0); \
    }

#define TWO(name) \
    double name(double x, double y) \
    { \
        REAL(name, two); \
        return wrong(real(x, y), x, y); \
    }

ONE(exp) ONE(exp2) ONE(exp10) ONE(expm1) ONE(log) ONE(log2) ONE(log10) ONE(log1p)
ONE(sin) ONE(cos) ONE(tan) ONE(asin) ONE(acos) ONE(atan) ONE(sinh) ONE(cosh) ONE(tanh)
ONE(asinh) ONE(acosh) ONE(atanh) ONE(cbrt) ONE(lgamma) ONE(tgamma) ONE(erf) ONE(erfc)
TWO(pow) TWO(atan2) TWO(hypot)

void sincos(double x, double *s, double *c)
{
    *s = sin(x);
    *c = cos(x);
}
