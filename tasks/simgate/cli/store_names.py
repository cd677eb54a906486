"""Names: a long listing kept on disk, so that a store of any size is walked in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path


@dataclass(frozen=True)
class Names:
    """Keys of one kind, a line each."""

    name: str
    path: Path

    @classmethod
    def write(cls, folder: Path, name: str, keys: Iterable[str], *, is_sorted: bool) -> Names:
        """Keep the keys; sorted ones are few (journals) and held in memory for it."""
        path = folder / name
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"{key}\n" for key in (sorted(keys) if is_sorted else keys))
        return cls(name, path)

    def __iter__(self) -> Iterator[str]:
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                yield line.rstrip("\n")

    def batches(self, size: int) -> Iterator[list[str]]:
        """Yield the names in lists of at most `size`."""
        keys = iter(self)
        while batch := list(islice(keys, size)):
            yield batch
