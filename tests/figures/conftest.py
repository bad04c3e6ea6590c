"""Tables for the tests of figures: quick ones, each computed once, and the committed ones."""

import os
from functools import cache

import pytest
from drawing import RESULTS

from treesmc.figures.rooms import compute
from treesmc.sims.sweeps.table import read_table


@pytest.fixture(scope="session")
def quick_table(tmp_path_factory):
    """Return a function of a room: its quick table, computed once, whatever processes test."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    return cache(lambda name: compute(name, folder / "quick", quick=True))


@pytest.fixture(scope="session")
def quick(quick_table):
    return cache(lambda name: read_table(quick_table(name)))


@pytest.fixture(scope="session")
def committed():
    return cache(lambda name: read_table(RESULTS / f"{name}.csv"))


@pytest.fixture(scope="module")
def room(request):
    """The room that a module of tests is about."""
    return request.module.__name__.removeprefix("test_")


@pytest.fixture(scope="module")
def rows(quick, room):
    """The rows of the room's quick table."""
    return quick(room)


@pytest.fixture(scope="module")
def full(committed, room):
    """The rows of the room's committed table."""
    return committed(room)
