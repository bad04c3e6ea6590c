"""Streams are named by their key; blocks come back in order whatever the number of threads."""

import numpy as np

from treesmc.sims.base.streams import generator, map_blocks


def test_streams_are_reproducible_and_distinct():
    keys = [(0,), (0, 0), (0, 1), (0, 1, 0), (1, 0)]
    draws = [generator(*key).random(4).tolist() for key in keys]
    assert draws == [generator(*key).random(4).tolist() for key in keys]
    assert len({tuple(draw) for draw in draws}) == len(keys)


def test_neighbouring_streams_are_uncorrelated():
    n = 20_000
    first, second = (generator(7, block).random(n) for block in (0, 1))
    correlation = np.corrcoef(first, second)[0, 1]
    assert abs(correlation) < 5 / np.sqrt(n)  # 5 standard errors
    assert np.corrcoef(first, first)[0, 1] > 5 / np.sqrt(n)


def test_blocks_return_in_order_for_any_number_of_threads():
    def total(block):
        return block, float(generator(3, block).random(100).sum())

    one = map_blocks(total, 20, jobs=1)
    assert [block for block, _ in one] == list(range(20))
    assert map_blocks(total, 20, jobs=4) == one
