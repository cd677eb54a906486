"""Reads at the same time: in order, all of them, and the first error as it is."""

from __future__ import annotations

import threading

import pytest

from simgate.core.errors import NotFound
from simgate.core.storage.many import WIDTH, at_once


def test_results_come_in_the_items_order_and_nothing_is_left_running() -> None:
    before = threading.active_count()
    assert at_once(lambda number: number * 2, range(100)) == [number * 2 for number in range(100)]
    assert at_once(str, []) == []
    assert threading.active_count() == before


def test_no_more_than_the_width_are_under_way() -> None:
    both, peak, under_way = threading.Lock(), 0, 0
    together = threading.Barrier(WIDTH)

    def work(_number: int) -> None:
        nonlocal peak, under_way
        with both:
            under_way += 1
            peak = max(peak, under_way)
        together.wait(30)
        with both:
            under_way -= 1

    at_once(work, range(4 * WIDTH))
    assert peak == WIDTH


def test_the_first_error_in_order_is_raised_as_it_is() -> None:
    def work(number: int) -> int:
        if number >= 3:
            raise NotFound(f"object {number} does not exist")
        return number

    with pytest.raises(NotFound, match="object 3 does not exist"):
        at_once(work, range(50))
