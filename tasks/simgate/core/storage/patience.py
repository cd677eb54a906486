"""Patience: how long a store may take before it counts as gone, and asking again until then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from simgate.core.storage.store_errors import FAILURES, explain, is_passing

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """Bounds of one store."""

    connect_s: float = 5.0
    """One connection."""
    request_s: float = 60.0
    """One request with its answer, of a part at most: a link of 140 kB/s still makes it."""
    retry_s: float = 30.0
    """Retries of one request inside the client, with jitter."""
    first_s: float = 15.0
    """The first contact of a process: a wrong address shall not look like a slow server."""
    give_up_s: float = 120.0
    """No progress for so long is an error; a server that restarts comes back before."""


PATIENCE = Patience()
JITTER = wait_random(0.1, 1.0)
"""Between two tries: a hundred stages that lost one server shall not come back in step."""


class AskAgain(Exception):
    """The answer decided nothing (another create of the key was under way)."""


def persist(patience: Patience, what: str, action: Callable[[], T]) -> T:
    """Repeat an action that is safe to do twice until it works or `give_up_s` have passed; StoreError names it.

    `what` is its name.
    """
    again = Retrying(
        retry=retry_if_exception(_may_pass), stop=stop_after_delay(patience.give_up_s), wait=JITTER, reraise=True
    )
    try:
        return again(action)
    except (AskAgain, *FAILURES) as error:
        raise explain(error, what) from error


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, AskAgain) or (isinstance(error, FAILURES) and is_passing(error))
