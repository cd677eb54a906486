"""Wait: poll the store until Airflow has moved, with a spinner on the screen meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from simgate.cli.console import console
from simgate.core.errors import SimgateError

T = TypeVar("T")
POLL_S = 0.5
PLAIN_EVERY_S = 15.0


class TookTooLong(SimgateError):
    """The wait reached its limit."""


def wait_for(what: str, probe: Callable[[], T | None], *, limit_s: float) -> T:
    """Poll until `probe` has an answer; TookTooLong after `limit_s`."""
    out = console()
    begun_s = said_s = time.monotonic()
    with out.status(what) as status:
        while (found := probe()) is None:
            now_s = time.monotonic()
            if now_s - begun_s > limit_s:
                raise TookTooLong(f"{what}: nothing came within {limit_s:.0f} s")
            status.update(f"{what} ({now_s - begun_s:.0f} s)")
            if not out.is_terminal and now_s - said_s >= PLAIN_EVERY_S:
                said_s = now_s
                out.print(f"  {what} ({now_s - begun_s:.0f} s)")
            time.sleep(POLL_S)
    return found
