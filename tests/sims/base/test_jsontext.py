"""JSON is read whatever is wrong with it, in one line, and written strictly."""

import json

import numpy as np
import pytest

from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.jsontext import parse, written


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[" * 100_000, "nested too deeply"),
        (b'{"a": "\xff"}', "utf-8"),
        ("9" * 5000, "digits"),
        (r'{"name": "\ud800"}', "surrogates"),
        ('{"a": [1', "cut short"),
        ("", "not JSON"),
    ],
)
def test_what_is_no_json_is_refused_in_one_line(text, word):
    with pytest.raises(BadInput, match="not JSON") as refused:
        parse(text)
    assert word in str(refused.value)
    assert "\n" not in str(refused.value)


def test_whole_pairs_and_infinities_are_read():
    assert parse(r'"\ud83d\ude00"') == "\U0001f600"
    assert parse(b"[-Infinity, 1]") == [-np.inf, 1]


def test_what_is_not_finite_is_written_as_null():
    answer = {"L": np.inf, "law": np.array([0.5, np.nan]), "names": ("a", None), "n": 10**40}
    expected = {"L": None, "law": [0.5, None], "names": ["a", None], "n": 10**40}
    assert json.loads(written(answer), parse_constant=pytest.fail) == expected
