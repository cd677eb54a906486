"""Stops: a probe that was sent SIGTERM at a point of its life, and how the contract says it must have ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from simgate.core.runtime.attempt import Failure
from simgate.core.storage.store import Store


def stopped(store: Store, kind: str, how: str, often: str, points: Iterable[int] = ()) -> list[dict[str, Any]]:
    """How the probe ended, for each point at which it was sent SIGTERM."""
    arguments = [store.url, kind, how, often, *(str(point) for point in points)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.stopped_probe", *arguments], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def count(store: Store, kind: str, how: str) -> int:
    """How many points an undisturbed run passes."""
    (calm,) = stopped(store, kind, how, "once")
    assert calm["code"] == 0
    return int(calm["seen"])


def check(store: Store, ended: dict[str, Any]) -> str:
    """Hold one end against the contract; the part of the stage's life in which the signal came."""
    if ended["code"] == -signal.SIGTERM:  # before the stage took the signal over: nothing was begun
        return "before"
    assert ended["code"] in (0, 143), ended
    names = {key.rpartition("/")[2]: key for key in store.keys(f"runs/main/probe/{ended['run_key']}")}
    memo = store.exists(f"memo/main/{ended['run_key']}.json")
    if ended["code"] == 0:
        assert ended["begun"], f"a stop before the attempt was lost: {ended}"
        assert memo, ended
        assert names.keys() >= {"started.json", "manifest.json"}, (ended, names)
        assert "failure.json" not in names, (ended, names)
        return "committed"
    assert not memo, ended
    assert "manifest.json" not in names, (ended, names)
    assert ended["begun"] <= ("started.json" in names), (ended, names)
    # The boundary: no folder at all, or failure.json in it.
    assert bool(names) == ("failure.json" in names), (ended, names)
    if names:
        failure = Failure.from_json(store.get(names["failure.json"]), what="failure")
        assert (failure.exit_code, failure.error) == (143, "Preempted")
    return "failed" if names else "not begun"


def check_all(store: Store, ends: list[dict[str, Any]]) -> None:
    """Along its life a stage is not begun, then stopped, then committed; the three follow each other."""
    parts = [check(store, ended) for ended in ends]
    order = ("before", "not begun", "failed", "committed")
    assert parts == sorted(parts, key=order.index)
    assert {"not begun", "failed", "committed"} <= set(parts)
