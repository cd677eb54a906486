"""A policy's YAML is read in bounded time and memory: what would grow is refused before anything is made of it."""

from __future__ import annotations

from itertools import pairwise
from resource import RUSAGE_SELF, getrusage

import pytest

from simgate.core.documents.yaml_text import read_yaml
from simgate.core.errors import InputError

NINE = ["a: &a [x, x, x, x, x, x, x, x, x]"] + [
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in pairwise("abcdefghi")
]
BOMBS = {
    "aliases": ("\n".join(NINE), "more than 100000 values"),
    "aliases brought in": ("\n".join(NINE).replace("[", "{<<: [").replace("]", "]}"), "not YAML"),
    "aliases in a row": ("\n".join(["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 9000)]), "not YAML"),
    "a circle": ("a: &a [*a]", "it holds itself"),
    "a circle of keys": ("a: &a {b: &b {c: *a}}", "it holds itself"),
    "brackets": ("[" * 5000, "not YAML"),
    "digits": ("a: " + "9" * 5000, "a number is too long"),
    "sixties": ("a: 1" + ":59" * 50_000, "a number is too long"),
    "no such day": ("a: 2026-02-31", "not YAML"),
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.timeout(60)
def test_a_small_file_that_would_grow_is_refused_before_it_does(bomb: str) -> None:
    text, words = BOMBS[bomb]
    peak_kib = getrusage(RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=words) as error:
        read_yaml(text.encode(), what="policy x")
    assert str(error.value).startswith("policy x is not YAML")
    assert "\n" not in str(error.value)
    assert getrusage(RUSAGE_SELF).ru_maxrss - peak_kib < 200 * 1024


@pytest.mark.timeout(60)
def test_20_000_keys_are_read_in_a_moment() -> None:
    assert len(read_yaml("".join(f"k{n}: 1\n" for n in range(20_000)).encode(), what="x")) == 20_000


def test_an_alias_that_stays_small_is_read() -> None:
    assert read_yaml(b"a: &a {b: [1]}\nc: {<<: *a, d: *a}", what="x")["c"] == {"b": [1], "d": {"b": [1]}}
