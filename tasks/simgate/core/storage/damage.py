"""Damage: objects in the store that fail their checks, and the one text in which every reader names them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simgate.core.errors import DigestMismatch, InputError, NotFound, SimgateError, TooLarge

DAMAGE = (DigestMismatch, InputError, NotFound, TooLarge)
"""Errors of reading a damaged object; a store that does not answer, or holds a link or a FIFO, raises none of these."""
_log = logging.getLogger(__name__)


def pass_over(key: str, error: SimgateError, *, remedy: str) -> None:
    """Name a damaged object and go on without it: a warning in the log of the task, on stderr of a command."""
    # A document that does not parse: which field of it is no help to whoever reads this.
    problem = "it is not what was written there" if isinstance(error, InputError) else str(error)
    said = problem if key in problem else f"{key}: {problem}"
    _log.warning("damage passed over: %s; %s", said, remedy)


@contextmanager
def told(tell: Callable[[str], None]) -> Iterator[list[str]]:
    """Pass each different line about damage in this block to `tell`, once; the yielded list holds the lines so far."""
    handler = _Teller(tell)
    _log.addHandler(handler)
    _log.propagate = False
    try:
        yield handler.said
    finally:
        _log.propagate = True
        _log.removeHandler(handler)


class _Teller(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a line on unless it was passed on before; logging calls this with the handler's lock held, from any
        thread.
        """
        if (line := record.getMessage()) not in self.said:
            self.said.append(line)
            self._tell(line)
