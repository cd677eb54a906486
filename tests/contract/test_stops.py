"""SIGTERM at every point of a stage's life: 143 leaves failure.json, 0 leaves a commit, and nothing lies between."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.probe_jobs import run
from tests.servers.stores import NewStore
from tests.stops import check_all, count, stopped

WAYS = list(itertools.product(("polls", "at-once"), ("once", "again")))
"""How the stage takes a stop, and whether more signals follow the first at every later point."""
SEED = 20261130


@pytest.mark.parametrize(("how", "often"), WAYS)
def test_a_stop_at_any_call_of_the_store_leaves_failure_json_or_a_commit(
    new_store: NewStore, how: str, often: str
) -> None:
    store = new_store("store")
    points = range(1, count(store, "calls", how) + 1)
    ends = stopped(store, "calls", how, often, points)
    assert [ended["point"] for ended in ends] == list(points)
    check_all(store, ends)


@pytest.mark.parametrize("new_store", ["file"], indirect=True)
@pytest.mark.parametrize(("how", "often"), WAYS)
def test_a_stop_at_any_line_leaves_failure_json_or_a_commit(new_store: NewStore, how: str, often: str) -> None:
    store = new_store("store")
    points = range(1, count(store, "lines", how) + 1)
    ends = stopped(store, "lines", how, often, points)
    assert [ended["point"] for ended in ends] == list(points)
    check_all(store, ends)


@pytest.mark.parametrize("new_store", ["file"], indirect=True)
@pytest.mark.parametrize("how", ["polls", "at-once"])
def test_a_stop_between_any_two_instructions_leaves_failure_json_or_a_commit(new_store: NewStore, how: str) -> None:
    store = new_store("store")
    total = count(store, "opcodes", how)
    points = sorted(random.Random(SEED).sample(range(1, total + 1), 300))
    check_all(store, stopped(store, "opcodes", how, "once", points))


def test_what_was_stopped_commits_when_it_is_run_again(new_store: NewStore) -> None:
    store = new_store("store")
    middle = count(store, "calls", "polls") // 3
    (ended,) = stopped(store, "calls", "polls", "once", [middle])
    assert ended["code"] == 143
    assert run(store, f"plans/main/test/stop-calls-{middle}-True-False.json").returncode == 0
    assert store.exists(f"memo/main/{ended['run_key']}.json")
