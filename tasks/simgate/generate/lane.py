"""Lane: one of several episodes that are recorded side by side and stored one after another."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simgate.data.bag import BagFiles, BagWriter
from simgate.data.record import EncodedSample
from simgate.data.rows import RowsWriter, row_of
from simgate.data.shard import ShardWriter, read_members


class Lane:
    """An episode on its way into a shard; with `waiting` it is kept there until the episodes before it are whole."""

    def __init__(self, shard: ShardWriter, rows: RowsWriter, bag: BagWriter, waiting: Path | None) -> None:
        self._shard, self._rows, self._bag = shard, rows, bag
        self._waiting = waiting
        self._kept = ShardWriter(waiting) if waiting else None
        self._kept_rows: list[dict[str, Any]] = []

    def add(self, encoded: EncodedSample) -> None:
        """Append one frame."""
        self._bag.add(encoded)
        if self._kept is None:
            self._shard.add(encoded)
            self._rows.add(encoded.sample)
        else:
            self._kept.add(encoded)
            self._kept_rows.append(row_of(encoded.sample))

    def close(self) -> BagFiles:
        """Store the waiting samples and end the bag; lanes are closed in the order of their episodes."""
        if self._kept is not None and self._waiting is not None:
            self._kept.close()
            for key, members in read_members(self._waiting):
                self._shard.append(key, members)
            for row in self._kept_rows:
                self._rows.append(row)
            self._waiting.unlink()
        return self._bag.close()

    def __enter__(self) -> Self:
        self._bag.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the files back; without close() they have no end."""
        if self._kept is not None:
            self._kept.abort()
        self._bag.__exit__(kind, error, traceback)
