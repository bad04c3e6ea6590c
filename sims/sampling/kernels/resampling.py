"""Resampling schemes: N ancestors, drawn from N weights without bias.

Particle i has N W_i offspring on average under every scheme, W_i its normalised weight. Scale the
running sums of the weights to end at N: particle i covers a stretch of length N W_i of [0, N), and
has one offspring for each point in it,

    multinomial   N independent uniforms,
    systematic    i + u for i < N, one u for all,
    stratified    i + u_i,
    residual      floor(N W_i) copies outright, then multinomial on what is left over.

Systematic and stratified points lie one in each unit of length, so the number of points up to the
end of each stretch is a formula, and the ancestors are runs of equal numbers (`fill_runs`).
Multinomial points are not sorted. A table of cut points (Chen & Asau 1974) tells each where to
start looking: with the sums scaled to end at K = 2^bits, entry k is the particle that covers k. It
is made of runs too; a point of integer part k finds its particle a step or two further on. Two are
taken by arithmetic: a branch that goes either way costs more than both.

The comparison that places a point is the one that made the table, so a particle of weight zero is
never chosen; the last particle of positive weight ends at K exactly, whatever the rounding.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base.jit import inlined_kernel, inner_kernel, kernel
from treesmc.sims.laws.schemes import ROUNDING, SCHEMES
from treesmc.sims.sampling.kernels.sfc64 import take, to_unit, uniform
from treesmc.sims.trees.tree import FloatArray

MULTINOMIAL, SYSTEMATIC, STRATIFIED, RESIDUAL = (scheme.number for scheme in SCHEMES.values())

RUN = 4  # entries written at once
_ZERO, _RUN = np.uint64(0), np.uint64(RUN)


class Scratch(NamedTuple):
    """Working arrays for n weights.

    Attributes
    ----------
    sums : float64[n]
        Running sums of weights.
    ends : int32[n]
        Where the run of each particle ends.
    table : uint32[K + RUN]
        Cut points, K = 2^bits >= n.
    points : float64[n]
        One uniform per stratum, or fractions left over.
    """

    sums: FloatArray
    ends: NDArray[np.int32]
    table: NDArray[np.uint32]
    points: FloatArray


@inner_kernel
def table_bits(n):
    """Return the least bits >= 1 with 2^bits >= n."""
    bits = 1
    while (1 << bits) < n:
        bits += 1
    return bits


@kernel
def scratch(n):
    """Return working arrays for n weights."""
    table = np.empty((1 << table_bits(n)) + RUN, np.uint32)
    return Scratch(np.empty(n), np.empty(n, np.int32), table, np.empty(n))


@inlined_kernel
def running_sums(weights, sums):
    """Write the running sums of `weights`, four at a time; return the sum of all."""
    total = 0.0
    fours = len(weights) // 4 * 4
    for i in range(0, fours, 4):
        one = weights[i]
        two = one + weights[i + 1]
        three = two + weights[i + 2]
        four = three + weights[i + 3]
        sums[i], sums[i + 1], sums[i + 2] = total + one, total + two, total + three
        total += four
        sums[i + 3] = total
    for i in range(fours, len(weights)):
        total += weights[i]
        sums[i] = total
    return total


@inner_kernel
def scale(sums, length):
    """Scale running sums to end at `length`, from the last positive weight on."""
    total = sums[-1]
    factor = length / total
    i = len(sums) - 1
    while i >= 0 and sums[i] == total:
        sums[i] = length
        i -= 1
    for j in range(i + 1):
        sums[j] = min(sums[j] * factor, length)


@inner_kernel
def count_shifted(sums, shift, ends):
    """Count the points k + shift, k = 0, 1 ..., below each of `sums`; 0 <= shift < 1."""
    for i in range(len(sums)):
        ends[i] = np.int32(np.ceil(sums[i] - shift))
    last = np.int32(sums[-1])
    i = len(sums) - 1
    while i >= 0 and sums[i] == last:
        ends[i] = last
        i -= 1


@inner_kernel
def count_stratified(sums, points, ends):
    """Count the points k + points[k] below each of `sums`."""
    for i in range(len(sums)):
        k = min(np.int64(sums[i]), len(points) - 1)
        ends[i] = k + (points[k] < sums[i] - k)


@inner_kernel
def fill_runs(ends, slots):
    """Fill ``slots[ends[i - 1] : ends[i]]`` with i; overwrites up to RUN entries more.

    Most runs are short: writing RUN entries without asking is cheaper than a loop.
    """
    start = _ZERO
    for i in range(len(ends)):
        for k in range(RUN):
            slots[start + np.uint64(k)] = i
        end = np.uint64(ends[i])
        for k in range(start + _RUN, end):
            slots[k] = i
        start = end


@inlined_kernel
def make_table(scratch):
    """Turn running sums into sums that end at 2^bits, with their cut points; return bits."""
    bits = table_bits(len(scratch.sums))
    scale(scratch.sums, float(1 << bits))
    count_shifted(scratch.sums, 0.0, scratch.ends)
    fill_runs(scratch.ends, scratch.table)
    return bits


@inner_kernel
def look_up(sums, table, bits, word):
    """Return the particle that covers the point made of a word; tables as from `make_table`."""
    point = to_unit(word) * (1 << bits)
    i = table[word >> np.uint64(64 - bits)]
    i += sums[i] <= point
    i += sums[i] <= point
    while sums[i] <= point:
        i += 1
    return i


@inlined_kernel
def multinomial(scratch, ancestors, stream):
    """Fill `ancestors` with independent draws, from running sums in `scratch`."""
    bits = make_table(scratch)
    done, n = _ZERO, np.uint64(len(ancestors))
    while done < n:
        first, until = take(stream, done, n)
        for i in range(done, until):
            word = stream[first + (i - done)]
            ancestors[i] = look_up(scratch.sums, scratch.table, bits, word)
        done = until


@inner_kernel
def residual(weights, scratch, ancestors, stream):
    """Residual resampling; leaves the fractional parts of N W in `weights`."""
    n = len(weights)
    factor = n / scratch.sums[-1]
    done = 0
    for i in range(n):
        expected = weights[i] * factor
        copies = math.floor(expected * (1 + ROUNDING))
        done += copies
        scratch.ends[i] = done
        weights[i] = max(expected - copies, 0.0)
    fill_runs(scratch.ends, ancestors)
    if done < n:
        running_sums(weights, scratch.sums)
        multinomial(scratch, ancestors[done:n], stream)


@inlined_kernel
def resample(scheme, weights, scratch, ancestors, stream):
    """Draw ancestors by one of `SCHEMES` from weights and their running sums in `scratch`.

    Overwrites both; writes ``ancestors[:n]`` and, as scratch, RUN entries more.
    """
    n = len(weights)
    if scheme == MULTINOMIAL:
        multinomial(scratch, ancestors[:n], stream)
    elif scheme == RESIDUAL:
        residual(weights, scratch, ancestors, stream)
    else:
        scale(scratch.sums, float(n))
        if scheme == SYSTEMATIC:
            count_shifted(scratch.sums, uniform(stream), scratch.ends)
        else:
            for i in range(n):
                scratch.points[i] = uniform(stream)
            count_stratified(scratch.sums, scratch.points, scratch.ends)
        fill_runs(scratch.ends, ancestors)
