"""What tests ask of a child process that opens scenes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from simgate.scene.closure import find_closure
from simgate.scene.enclosure import Tell


def close(given: dict[str, Any], tell: Tell) -> tuple[str, ...]:
    """Find the closure of a scene."""
    return find_closure(Path(given["folder"]), given["root"], max_bytes=10**9, tell=tell)


def eat(given: dict[str, Any], tell: Tell) -> int:
    """Ask for memory without end."""
    tell("layer greedy.usda")
    held = []
    while True:
        held.append(bytearray(given["size_bytes"]))


def sleep(_: dict[str, Any], tell: Tell) -> None:
    """Do nothing for a long time."""
    tell("layer sleepy.usda")
    time.sleep(1000)


def spin(_: dict[str, Any], tell: Tell) -> None:
    """Use a processor without end."""
    tell("layer endless.usda")
    while True:
        pass


def crash(_: dict[str, Any], tell: Tell) -> None:
    """End without a word."""
    tell("layer broken.usdc")
    os.abort()


def stumble(_: dict[str, Any], tell: Tell) -> None:
    """Raise what nobody expects."""
    tell("layer odd.usda")
    raise TypeError("no matching\noverload")


def chatter(given: dict[str, Any], _: Tell) -> Any:
    """Write on stdout like a library, then answer."""
    os.write(1, b"loading plug-ins\n")
    return given
