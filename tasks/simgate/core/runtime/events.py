"""Events: structured lines on stderr. People and log collectors read them; no program decides by them."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TextIO


class Events:
    """Writes one JSON object a line."""

    def __init__(self, stream: TextIO | None = None, **fixed: str) -> None:
        self._stream = stream or sys.stderr
        self._fixed = fixed

    def bind(self, **fixed: str) -> Events:
        """Return a stream to the same place whose lines have more fixed fields."""
        return Events(self._stream, **{**self._fixed, **fixed})

    def emit(self, event: str, **fields: object) -> None:
        """Write one event."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "event": event, **self._fixed, **fields}
        print(json.dumps(line, default=str), file=self._stream, flush=True)

    def progress(self, done: int, total: int, what: str) -> None:
        """Say how far a long piece of work has come."""
        self.emit("progress", done=done, total=total, what=what)
