"""Grouping: which tests `pytest -n` runs in one process, one after the other.

By file: the groups of xdist's own `--dist loadgroup` do not reach the node ids of pytest 9.2, each test went anywhere.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
SHARED = {
    "airflow": re.compile(r"def test_\w+\([^)]*\bworld: World\b"),
    "outside": re.compile(r"\bwalked: Walked\b"),
    "cluster": re.compile(r"\b(cluster: Cluster|installed: Installed|world_of_pods: Deployment)\b"),
    "tiny": re.compile(r"\btiny_(store|copy): Store\b"),
}
"""Group → how a file asks for what its tests share: minutes to make, or one long story in a fixed order."""


class Grouping(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Files stay whole, and those that share something stay together."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid.partition("::")[0])


@cache
def _group(path: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    return next((name for name, asks in SHARED.items() if asks.search(text)), path)
