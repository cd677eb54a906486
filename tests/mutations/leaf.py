"""Leaf: changes one value of a JSON document to another that is likely to be taken."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

Place = tuple[Any, Any]
"""A dict or list, and the key or index in it."""
WORDS: dict[str, Sequence[Any]] = {
    "action": ("promote", "quarantine", "rollback", "settle", "waive"),
    "who": ("boss", "author", "starter", "robot", "simgate", "mallory"),
    "second": ("", "boss", "author", "robot", "mallory"),
    "responder_id": ("boss", "author", "robot", "mallory"),
    "channel": ("demo", "lax", "production", ""),
    "model": ("navigator", "forklift"),
    "outcome": ("accepted", "refused", "success", "timeout"),
    "verdict": ("PASS", "FAIL"),
    "error": ("Inconclusive", "StoreError"),
    "approval": (None,),
    "previous": (None,),
    "live": (None,),
}
_DIGEST = re.compile(r"^[0-9a-f]{64}$")
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT")


def places(value: Any) -> Iterator[Place]:
    """Every place of a document that holds something."""
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for name, item in pairs:
        yield value, name
        if isinstance(item, dict | list):
            yield from places(item)


def changed(
    value: Any, digests: Sequence[str], draws: random.Random, wanted: Callable[[Place], bool] = lambda _place: True
) -> tuple[Any, str]:
    """A copy with one leaf changed, and its name."""
    made = copy.deepcopy(value)
    found = [place for place in places(made) if wanted(place)]
    if not found:
        return made, "nothing"
    where, name = draws.choice(found)
    if draws.random() < 0.1:
        del where[name]
        return made, f"without {name}"
    where[name] = _another(name, where[name], digests, draws)
    return made, str(name)


def _another(name: Any, value: Any, digests: Sequence[str], draws: random.Random) -> Any:
    if name in WORDS and draws.random() < 0.8:
        return draws.choice([word for word in WORDS[name] if word != value] or [None])
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return draws.choice((value + 1, value - 1, -value, 0, value * 1000))
    if isinstance(value, list):
        return draws.choice(([], value[:-1], value + value[:1]))
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if draws.random() < 0.5}
    if isinstance(value, str):
        return _another_text(value, digests, draws)
    return draws.choice((draws.choice(digests), "boss", 1))


def _another_text(value: str, digests: Sequence[str], draws: random.Random) -> Any:
    if _DIGEST.match(value):
        return draws.choice(digests)
    if _TIME.match(value):
        moved = datetime.fromisoformat(value) + timedelta(seconds=draws.choice((-86400, -1, 1, 60, 86400)))
        return moved.isoformat().replace("+00:00", "Z")
    if value and draws.random() < 0.5:
        at = draws.randrange(len(value))
        return value[:at] + chr(ord("a") + draws.randrange(26)) + value[at + 1 :]
    return draws.choice((f"{value}x", value[:-1], "", "boss"))
