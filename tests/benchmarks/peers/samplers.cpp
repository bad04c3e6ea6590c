// The samplers of sims/kernels once more, in C++: the limit that compiled Python is held to.
//
// Function for function; the docstrings there say what is done and why. Tables, words and the order
// of sums are the same, so the results are equal to the last bit.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;
using Doubles = std::vector<double>;

// The inner loops are functions of their own: inlined into others, their pointers get no registers.
#define LOOP static __attribute__((noinline))

struct Moves {
    const u64 *bits, *first_row;
    const i64 *n_classes;
    const double *log_scale;
    const u64 *threshold;
    const u32 *alias, *next_row;
    const double *ratio, *plan;
    i64 horizon, cells;
};

// sfc64

constexpr u64 LANES = 16, BUFFER = 512, ROUNDS = 18;

struct Stream {
    u64 words[BUFFER], used, counter, a[LANES], b[LANES], c[LANES];
};

#ifdef __AVX512F__
constexpr u64 WIDTH = 8;
#else
constexpr u64 WIDTH = 4;
#endif
using Lanes = u64 __attribute__((vector_size(8 * WIDTH)));

LOOP void refill(Stream &s) {
    s.used = s.counter == 1 ? ROUNDS * LANES : 0;
    for (u64 first = 0; first < LANES; first += WIDTH) {
        Lanes a, b, c;
        std::memcpy(&a, s.a + first, sizeof a);
        std::memcpy(&b, s.b + first, sizeof b);
        std::memcpy(&c, s.c + first, sizeof c);
        u64 w = s.counter;
        for (u64 i = first; i < BUFFER; i += LANES) {
            const Lanes word = a + b + w++;
            a = b ^ (b >> 11);
            b = c + (c << 3);
            c = ((c << 24) | (c >> 40)) + word;
            std::memcpy(s.words + i, &word, sizeof word);
        }
        std::memcpy(s.a + first, &a, sizeof a);
        std::memcpy(s.b + first, &b, sizeof b);
        std::memcpy(s.c + first, &c, sizeof c);
    }
    s.counter += BUFFER / LANES;
}

static inline u64 word(Stream &s) {
    if (s.used == BUFFER) refill(s);
    return s.words[s.used++];
}

// Call visit(i, word) for i = 0 .. n - 1 with the next words, block by block.
template <class Visit> static inline void each_word(Stream &s, i64 n, Visit visit) {
    for (i64 done = 0; done < n;) {
        if (s.used == BUFFER) refill(s);
        const u64 *words = s.words + s.used - done;
        const i64 until = std::min(n, done + i64(BUFFER - s.used));
        s.used += until - done;
        for (; done < until; done++) visit(done, words[done]);
    }
}

static inline double to_unit(u64 word) { return i64(word >> 11) * 0x1p-53; }
static inline double uniform(Stream &s) { return to_unit(word(s)); }

// alias

static inline u64 cross(const u64 *threshold, const u32 *alias, u64 row, u64 bits, u64 word) {
    const u64 cell = row + ((word >> 1) >> (63 - bits));
    const u64 keeps = (((word << bits) >> 1) - threshold[cell]) >> 63;
    const u64 other = alias[cell];
    return other + keeps * (cell - other);
}

// resampling

constexpr i64 RUN = 4;
using Run = u32 __attribute__((vector_size(4 * RUN)));

struct Population {
    i64 n, bits = 1;
    Doubles weights, sums;
    std::vector<std::int32_t> ends;
    std::vector<u32> table, ancestors, edges, parents;

    explicit Population(i64 n)
        : n(n), weights(n), sums(n), ends(n), ancestors(n + RUN), edges(n), parents(n) {
        while ((i64(1) << bits) < n) bits++;
        table.resize((u64(1) << bits) + RUN);
    }
};

static double running_sums(const double *weights, double *sums, i64 n) {
    double total = 0.0;
    const i64 fours = n / 4 * 4;
    for (i64 i = 0; i < fours; i += 4) {
        const double one = weights[i], two = one + weights[i + 1];
        const double three = two + weights[i + 2], four = three + weights[i + 3];
        sums[i] = total + one, sums[i + 1] = total + two, sums[i + 2] = total + three;
        sums[i + 3] = total += four;
    }
    for (i64 i = fours; i < n; i++) sums[i] = total += weights[i];
    return total;
}

static void scale(double *sums, i64 n, double length) {
    const double total = sums[n - 1], factor = length / total;
    i64 i = n;
    while (i > 0 && sums[i - 1] == total) sums[--i] = length;
    for (i64 j = 0; j < i; j++) sums[j] = std::min(sums[j] * factor, length);
}

static void count_shifted(const double *sums, i64 n, double shift, std::int32_t *ends) {
    for (i64 i = 0; i < n; i++) ends[i] = std::int32_t(std::ceil(sums[i] - shift));
    const auto last = std::int32_t(sums[n - 1]);
    for (i64 i = n; i > 0 && sums[i - 1] == last; i--) ends[i - 1] = last;
}

static void fill_runs(const std::int32_t *ends, i64 n, u32 *slots) {
    i64 start = 0;
    for (i64 i = 0; i < n; i++) {
        const Run run = Run{} + u32(i);
        std::memcpy(slots + start, &run, sizeof run);
        for (i64 k = start + RUN; k < ends[i]; k++) slots[k] = i;
        start = ends[i];
    }
}

LOOP void multinomial(Population &p, Stream &s) {
    const u64 K = u64(1) << p.bits, shift = 64 - p.bits;
    const double unit = K * 0x1p-53;
    scale(p.sums.data(), p.n, K);
    count_shifted(p.sums.data(), p.n, 0.0, p.ends.data());
    fill_runs(p.ends.data(), p.n, p.table.data());
    const double *sums = p.sums.data();
    const u32 *table = p.table.data();
    u32 *ancestors = p.ancestors.data();
    each_word(s, p.n, [=](i64 k, u64 word) {
        const double point = i64(word >> 11) * unit;
        u64 i = table[word >> shift];
        i += sums[i] <= point;
        i += sums[i] <= point;
        while (__builtin_expect(sums[i] <= point, 0)) i++;
        ancestors[k] = i;
    });
}

static void systematic(Population &p, Stream &s) {
    scale(p.sums.data(), p.n, p.n);
    count_shifted(p.sums.data(), p.n, uniform(s), p.ends.data());
    fill_runs(p.ends.data(), p.n, p.ancestors.data());
}

// smc

LOOP void extend(const Moves &m, i64 t, Population &p, Stream &s) {
    const u64 bits = m.bits[t];
    const u32 *parents = p.parents.data(), *ancestors = p.ancestors.data();
    const u32 *next_row = m.next_row;
    u32 *edges = p.edges.data();
    double *weights = p.weights.data();
    each_word(s, p.n, [=, &m](i64 i, u64 word) {
        const u64 e = cross(m.threshold, m.alias, next_row[parents[ancestors[i]]], bits, word);
        edges[i] = e;
        weights[i] = m.ratio[e];
    });
}

// Zhat as a factor and the logarithm of the rest: a logarithm now and then, not one a step.
struct Product {
    double factor = 1.0, log_rest = 0.0;

    void times(double mean, double log_scale) {
        factor *= mean;
        log_rest += log_scale;
        if (factor < 1e-140) {
            log_rest += std::log(factor);
            factor = 1.0;
        }
    }

    double log() const { return log_rest + std::log(factor); }
};

static double smc(const Moves &m, bool is_systematic, Population &p, Stream &s) {
    std::fill(p.edges.begin(), p.edges.end(), m.cells);
    for (i64 i = 0; i < p.n; i++) p.ancestors[i] = i;
    Product Z;
    for (i64 t = 0; t < m.horizon; t++) {
        if (t > 0) is_systematic ? systematic(p, s) : multinomial(p, s);
        std::swap(p.edges, p.parents);
        extend(m, t, p, s);
        const double total = running_sums(p.weights.data(), p.sums.data(), p.n);
        Z.times(total / p.n, m.log_scale[t]);
    }
    return Z.log();
}

static void final_law(const Moves &m, const Population &p, Doubles &law) {
    std::fill(law.begin(), law.end(), 0.0);
    double total = 0.0;
    for (i64 i = 0; i < p.n; i++) {
        law[m.next_row[p.edges[i]]] += p.weights[i];
        total += p.weights[i];
    }
    for (double &x : law) x /= total;
}

static void absorb(const Doubles &x, i64 count, double *mean, double *spread) {
    for (u64 c = 0; c < x.size(); c++) {
        const double deviation = x[c] - mean[c];
        mean[c] += deviation / count;
        spread[c] += deviation * (x[c] - mean[c]);
    }
}

extern "C" void smc_block(const Moves &m, i64 n, bool is_systematic, Stream &s, double *mean,
                          double *spread, double *log_Z_hat, i64 replicates) {
    Population p(n);
    Doubles law(m.n_classes[m.horizon]);
    for (i64 r = 0; r < replicates; r++) {
        log_Z_hat[r] = smc(m, is_systematic, p, s);
        final_law(m, p, law);
        absorb(law, r + 1, mean, spread);
    }
}

// binomial

constexpr i64 COUNTED_BITS = 256;
constexpr double INVERTED = 10.0, HALF = 0.5 - 0x1p-54;

static inline u64 coin_tosses(u64 n, Stream &s) {
    u64 ones = 0;
    for (; n >= 64; n -= 64) ones += __builtin_popcountll(word(s));
    if (n > 0) ones += __builtin_popcountll(word(s) >> (64 - n));
    return ones;
}

static inline i64 by_bits(i64 n, double p, Stream &s) {
    u64 bits = p * 0x1p64, below = 0, undecided = n;
    while (bits && undecided) {
        const u64 ones = coin_tosses(undecided, s), zeros = undecided - ones;
        const u64 all_if_set = -(bits >> 63);
        below += zeros & all_if_set;
        undecided = zeros ^ ((zeros ^ ones) & all_if_set);
        bits <<= 1;
    }
    return below;
}

static i64 by_inversion(i64 n, double p, Stream &s) {
    const double odds = p / (1.0 - p);
    double f = std::exp(n * std::log1p(-p)), u = uniform(s);
    i64 k = 0;
    while (u >= f && f > 0.0 && k < n) {
        u -= f;
        k++;
        f *= odds * (n - k + 1) / k;
    }
    return k;
}

static double correction(double x) {
    static const Doubles table = [] {
        Doubles c;
        for (double i = 0; i < 10; i++)
            c.push_back(std::lgamma(i + 1) - (i + 0.5) * std::log(i + 1) + (i + 1) -
                        0.5 * std::log(2 * M_PI));
        return c;
    }();
    if (x < 10.0) return table[int(x)];
    const double y = 1.0 / (x + 1.0);
    return y * (1 / 12. - y * y * (1 / 360. - y * y * (1 / 1260. - y * y / 1680.)));
}

static double log_ratio_to_mode(double n, double p, double mode, double k) {
    const double d = k - mode, rest = n - mode + 1.0;
    const double slope = std::log(p / (1.0 - p) * (rest / (mode + 1.0)));
    const double bend =
        (k + 0.5) * std::log1p(d / (mode + 1.0)) + (n - k + 0.5) * std::log1p(-d / rest);
    const double corrections =
        correction(mode) + correction(n - mode) - correction(k) - correction(n - k);
    return d * slope - bend + corrections;
}

struct Hat {
    double spread, b, a;
    Hat(double n, double p)
        : spread(std::sqrt(n * p * (1.0 - p))), b(1.15 + 2.53 * spread),
          a(-0.0873 + 0.0248 * b + 0.01 * p) {}
};

static inline bool trial(double n, double p, double u, double v, double &k) {
    const Hat hat(n, p);
    const double us = 0.5 - std::fabs(u);
    k = std::floor(hat.a * (2.0 * u / us) + hat.b * u + (n * p + 0.5));
    return us >= 0.07 && (0.92 - v) * hat.b >= 4.2;
}

static double power_64(double x) {
    x = std::max(x, 0.0);
    for (int i = 0; i < 6; i++) x *= x;
    return x;
}

static bool accept(double n, double p, double u, double v, double k) {
    const Hat hat(n, p);
    const double us = 0.5 - std::fabs(u), squared = us * us;
    v *= hat.spread * (2.83 * hat.b + 5.1) * squared / (hat.b * (hat.a + hat.b * squared));
    const double mode = std::floor((n + 1.0) * p), d = std::fabs(k - mode);
    const double precision = 1.0 / (hat.spread * hat.spread), x = d * precision;
    if (x <= 0.5) {
        const double middle = 0.5 * d * x;
        const double slack = x * ((d * (d * (1 / 3.) + 0.625) + 1 / 6.) * precision + 0.5);
        if (v <= power_64(1.0 - (middle + slack) * (1 / 64.))) return true;
        if (v * power_64(1.0 + std::max(middle - slack, 0.0) * (1 / 64.)) > 1.0) return false;
    }
    return std::log(v) <= log_ratio_to_mode(n, p, mode, k);
}

static inline i64 binomial(i64 n, double p, Stream &s) {
    if (n <= COUNTED_BITS) return by_bits(n, p, s);
    if (n * p < INVERTED) return by_inversion(n, p, s);
    for (;;) {
        const double u = uniform(s) - HALF, v = uniform(s);
        double k;
        if (trial(n, p, u, v, k) || (0.0 <= k && k <= n && accept(n, p, u, v, k))) return k;
    }
}

static double rarer(double left, double right) {
    if (left <= right) return right > 0.0 ? left / (left + right) : 0.0;
    return -right / (left + right);
}

static void plan_split(double *heap, double *plan, i64 leaves) {
    for (i64 i = leaves - 1; i > 0; i--) {
        const double left = heap[2 * i], right = heap[2 * i + 1];
        heap[i] = left + right;
        plan[i] = rarer(left, right);
    }
}

static inline void split(i64 n, const double *plan, i64 leaves, i64 *numbers, Stream &s) {
    numbers[1] = n;
    for (i64 i = 1; i < leaves; i++) {
        const i64 here = numbers[i];
        i64 left = 0;
        if (here > 0) {
            left = binomial(here, std::fabs(plan[i]), s);
            if (std::signbit(plan[i])) left = here - left;
        }
        numbers[2 * i] = left;
        numbers[2 * i + 1] = here - left;
    }
}

// counts

constexpr i64 FEW_PER_CELL = 8;

struct Counts {
    Doubles heap, next_heap, plan;
    std::vector<i64> numbers, row;
};

static i64 leaves_of(i64 n) {
    i64 leaves = 1;
    while (leaves < n) leaves *= 2;
    return leaves;
}

LOOP void tally(const Moves &m, u64 row, u64 bits, i64 n, i64 *numbers, Stream &s) {
    const i64 cells = i64(1) << bits;
    if (n >= FEW_PER_CELL * cells) return split(n, m.plan + row, cells, numbers, s);
    std::fill_n(numbers + cells, cells, 0);
    const u64 *threshold = m.threshold;
    const u32 *alias = m.alias;
    i64 *leaves = numbers + cells - row;
    each_word(s, n, [=](i64, u64 word) { leaves[cross(threshold, alias, row, bits, word)]++; });
}

static void step(const Moves &m, i64 t, i64 n, i64 leaves, Counts &c, double *mass, Stream &s) {
    plan_split(c.heap.data(), c.plan.data(), leaves);
    split(n, c.plan.data(), leaves, c.numbers.data(), s);
    const u64 bits = m.bits[t], cells = u64(1) << bits;
    for (i64 i = 0; i < m.n_classes[t]; i++) {
        if (c.numbers[leaves + i] == 0) continue;
        const u64 row = m.first_row[t] + (u64(i) << bits);
        tally(m, row, bits, c.numbers[leaves + i], c.row.data(), s);
        for (u64 b = 0; b < cells; b++) {
            const u64 child = (m.next_row[row + b] - m.first_row[t + 1]) >> m.bits[t + 1];
            mass[child] += c.row[cells + b] * m.ratio[row + b];
        }
    }
}

static double smc_counts(const Moves &m, i64 n, Counts &c, Doubles &law, Stream &s) {
    c.heap[1] = 1.0;
    Product Z;
    double total = 0.0;
    for (i64 t = 0; t < m.horizon; t++) {
        const i64 there = m.n_classes[t + 1], leaves = leaves_of(there);
        double *mass = c.next_heap.data() + leaves;
        std::fill_n(mass, leaves, 0.0);
        step(m, t, n, leaves_of(m.n_classes[t]), c, mass, s);
        total = 0.0;
        for (i64 i = 0; i < there; i++) total += mass[i];
        Z.times(total / n, m.log_scale[t]);
        std::swap(c.heap, c.next_heap);
    }
    const double *mass = c.heap.data() + leaves_of(law.size());
    for (u64 i = 0; i < law.size(); i++) law[i] = mass[i] / total;
    return Z.log();
}

extern "C" void smc_counts_block(const Moves &m, i64 n, Stream &s, double *mean, double *spread,
                                 double *log_Z_hat, i64 replicates) {
    const i64 widest = *std::max_element(m.n_classes, m.n_classes + m.horizon + 1);
    const u64 bits = *std::max_element(m.bits, m.bits + m.horizon);
    const Doubles nodes(2 * leaves_of(widest));
    Counts c{nodes, nodes, nodes, std::vector<i64>(nodes.size()), std::vector<i64>(2 << bits)};
    Doubles law(m.n_classes[m.horizon]);
    for (i64 r = 0; r < replicates; r++) {
        log_Z_hat[r] = smc_counts(m, n, c, law, s);
        absorb(law, r + 1, mean, spread);
    }
}
