"""Resampling schemes: N ancestors, drawn from N weights without bias.

Particle i has N W_i offspring on average under every scheme, W_i its normalised weight. Each scheme
places N sorted points in [0, 1) and gives each point the particle whose stretch of the cumulative
weight covers it:

    multinomial   order statistics of N uniforms,
    systematic    (i + u) / N, one u for all,
    stratified    (i + u_i) / N,
    residual      floor(N W_i) copies outright, then multinomial on what is left over.

Points are found by walking along both sorted sequences, O(N). A particle of weight zero is never
chosen, and round-off in the last partial sum never leads past the last particle of positive weight.
"""

import math

from treesmc.sims.jit import kernel

MULTINOMIAL, SYSTEMATIC, STRATIFIED, RESIDUAL = range(4)

# N W_i may fall short of an integer by rounding; residual resampling must not see that.
ROUNDING = 1e-12

SCHEMES = {
    "multinomial": MULTINOMIAL,
    "systematic": SYSTEMATIC,
    "stratified": STRATIFIED,
    "residual": RESIDUAL,
}


@kernel
def sorted_uniforms(points, rng):
    """Fill `points` with sorted uniforms: normalised partial sums of n + 1 exponentials."""
    total = 0.0
    for i in range(len(points)):
        total += rng.standard_exponential()
        points[i] = total
    total += rng.standard_exponential()
    for i in range(len(points)):
        points[i] /= total


@kernel
def stratified_points(points, rng):
    """Fill `points` with one uniform in each of n equal strata."""
    for i in range(len(points)):
        points[i] = (i + rng.random()) / len(points)


@kernel
def systematic_points(points, rng):
    """Fill `points` with one uniform, repeated in each of n equal strata."""
    u = rng.random()
    for i in range(len(points)):
        points[i] = (i + u) / len(points)


@kernel
def invert(weights, total, points, ancestors):
    """Give each sorted point in [0, 1) the particle that covers it; `total` is sum(weights)."""
    last = len(weights) - 1
    while weights[last] == 0.0:
        last -= 1
    j = 0
    covered = weights[0]
    for i in range(len(points)):
        x = points[i] * total
        while x >= covered and j < last:
            j += 1
            covered += weights[j]
        ancestors[i] = j


@kernel
def residual(weights, total, points, ancestors, rng):
    """Residual resampling; leaves the fractional parts of N W in `weights`."""
    n = len(weights)
    done = 0
    left_over = 0.0
    for i in range(n):
        expected = weights[i] * n / total
        copies = math.floor(expected * (1 + ROUNDING))
        for k in range(done, done + copies):
            ancestors[k] = i
        done += copies
        weights[i] = max(expected - copies, 0.0)
        left_over += weights[i]
    if done < n:
        sorted_uniforms(points[done:], rng)
        invert(weights, left_over, points[done:], ancestors[done:])


@kernel
def resample(scheme, weights, total, points, ancestors, rng):
    """Draw `ancestors` by one of `SCHEMES`; `points` is scratch, `weights` may be overwritten."""
    if scheme == RESIDUAL:
        residual(weights, total, points, ancestors, rng)
        return
    if scheme == MULTINOMIAL:
        sorted_uniforms(points, rng)
    elif scheme == SYSTEMATIC:
        systematic_points(points, rng)
    else:
        stratified_points(points, rng)
    invert(weights, total, points, ancestors)
