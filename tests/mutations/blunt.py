"""Blunt mutations: bytes and whole files, by somebody who knows nothing of the format."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.mutations.envelope import parsed
from tests.mutations.forgery import Forgery

Mutation = Callable[[Forgery], str]
"""Changes a store; says what it did."""
PREFIXES = ("ledger/", "candidates/", "approvals/", "policies/", "runs/", "files/", "snapshots/")


def _any_key(forgery: Forgery) -> str:
    """A key; half of the time one of the few that say what was decided."""
    if forgery.draws.random() < 0.5:
        return forgery.draws.choice(forgery.keys("ledger/", "candidates/", "approvals/", "policies/"))
    return forgery.draws.choice(forgery.keys(*PREFIXES))


def flip(forgery: Forgery) -> str:
    """Some bits."""
    key = _any_key(forgery)
    data = bytearray(forgery.files[key])
    for _ in range(forgery.draws.choice((1, 1, 1, 2, 5))):
        data[forgery.draws.randrange(len(data))] ^= 1 << forgery.draws.randrange(8)
    forgery.files[key] = bytes(data)
    return key


def truncate(forgery: Forgery) -> str:
    """The end of a file."""
    key = _any_key(forgery)
    forgery.files[key] = forgery.files[key][: forgery.draws.randrange(len(forgery.files[key]))]
    return key


def delete(forgery: Forgery) -> str:
    """One file."""
    key = _any_key(forgery)
    del forgery.files[key]
    return key


def _like(forgery: Forgery, key: str) -> str:
    """Another file of the same kind, where there is one."""
    top, _, name = key.partition("/")[0], "", key.rpartition("/")[2]
    same = [other for other in forgery.keys(f"{top}/") if other != key]
    named = [other for other in same if other.endswith(name)]
    return forgery.draws.choice(named or same or forgery.keys(*PREFIXES))


def swap(forgery: Forgery) -> str:
    """Two files."""
    one = _any_key(forgery)
    other = _like(forgery, one)
    forgery.files[one], forgery.files[other] = forgery.files[other], forgery.files[one]
    return f"{one} and {other}"


def copy_over(forgery: Forgery) -> str:
    """One file over another."""
    one = _any_key(forgery)
    other = _like(forgery, one)
    forgery.files[one] = forgery.files[other]
    return f"{other} over {one}"


def add_file(forgery: Forgery) -> str:
    """A copy under a name that nobody wrote."""
    key = _any_key(forgery)
    name = key.rpartition("/")[2]
    other = key.replace(name, forgery.draws.choice(("000000000009.json", f"x{name}", f"{name}.bak", f"0{name}")))
    forgery.files[other] = forgery.files[key]
    return f"{key} as {other}"


def respell(forgery: Forgery) -> str:
    """The same JSON in other bytes, or with a name twice."""
    key = forgery.draws.choice([key for key in forgery.keys(*PREFIXES) if key.endswith(".json")])
    value = parsed(forgery.files[key])
    text = json.dumps(value, indent=forgery.draws.choice((None, 1)), sort_keys=forgery.draws.random() < 0.5)
    if forgery.draws.random() < 0.3 and text.startswith("{"):
        text = text.replace("{", '{"version": 1, ', 1)
    forgery.files[key] = text.encode()
    return key


def swap_attempts(forgery: Forgery) -> str:
    """Two attempts of one stage, whole."""
    keys = [key.rpartition("/")[0] for key in forgery.keys("runs/") if key.endswith("/started.json")]
    one = forgery.draws.choice(keys)
    stage = "/".join(one.split("/")[:3])
    other = forgery.draws.choice([key for key in keys if key.startswith(stage)])
    first, second = ({key: forgery.files[key] for key in forgery.keys(f"{folder}/")} for folder in (one, other))
    for key in {**first, **second}:
        del forgery.files[key]
    forgery.files.update({key.replace(one, other): data for key, data in first.items()})
    forgery.files.update({key.replace(other, one): data for key, data in second.items()})
    return f"{one} and {other}"


BLUNT: dict[str, Mutation] = {
    "flip bits": flip, "truncate": truncate, "delete": delete, "swap two files": swap, "copy over": copy_over,
    "add a file": add_file, "spell anew": respell, "swap attempts": swap_attempts,
}  # fmt: skip
