"""Node: which of several machines this process is, where one run is spread over them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from simgate.core.errors import InputError

MOST_NODES = 4096


@dataclass(frozen=True, slots=True)
class Node:
    """One of `count` machines; number 0 owns the attempt and commits, the others take part."""

    rank: int = 0
    count: int = 1
    address: str = "127.0.0.1"
    """Address of node 0."""
    port: int = 0


def own_node(environment: Mapping[str, str] = os.environ) -> Node:
    """Read this machine's rank from SIMGATE_NODES, JOB_COMPLETION_INDEX, MASTER_ADDR and MASTER_PORT."""
    count = _number(environment, "SIMGATE_NODES", 1, 1, MOST_NODES)
    if count == 1:
        return Node()
    address = environment.get("MASTER_ADDR", "")
    if not address:
        raise InputError("MASTER_ADDR is not set", expected="the address of node 0", remedy="see SIMGATE_NODES")
    rank = _number(environment, "JOB_COMPLETION_INDEX", -1, 0, count - 1)
    return Node(rank, count, address, _number(environment, "MASTER_PORT", 29400, 1, 65535))


def _number(environment: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environment.get(name, str(default))
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not low <= value <= high:
        raise InputError(f"{name} is out of range", actual=text[:40], expected=f"{low} to {high}")
    return value
