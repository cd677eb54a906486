"""Recording: samples of one shard into their files, each encoded once, one in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Self

from simgate.data.bag import BagFiles, BagWriter
from simgate.data.record import encode_sample
from simgate.data.rows import RowsWriter
from simgate.data.sample import Episode, Sample
from simgate.data.shard import ShardIndex, ShardWriter


@dataclass
class Throughput:
    """Where the time of a recording went; an observation, never data."""

    frames: int = 0
    simulate_s: float = 0.0
    """Waiting for samples: stepping and rendering."""
    encode_s: float = 0.0
    """Encoding and writing them."""


class Recording:
    """The open files of one shard below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.throughput = Throughput()
        self._shard = ShardWriter(self.shard)
        self._rows = RowsWriter(self.rows)

    @property
    def shard(self) -> Path:
        """The WebDataset tar."""
        return self.folder / "shard.tar"

    @property
    def rows(self) -> Path:
        """The Parquet rows."""
        return self.folder / "rows.parquet"

    def add(self, episode: Episode, samples: Iterable[Sample], on_frame: Callable[[int], None]) -> BagFiles:
        """Append one episode; its bag. `on_frame` hears the number of frames so far."""
        clock = perf_counter()
        with BagWriter(self.folder, episode) as bag:
            for sample in samples:
                rendered = perf_counter()
                encoded = encode_sample(sample)
                self._shard.add(encoded)
                self._rows.add(encoded.sample)
                bag.add(encoded)
                self._count(rendered - clock, (clock := perf_counter()) - rendered)
                on_frame(self.throughput.frames)
            return bag.close()

    def close(self) -> ShardIndex:
        """End shard and rows; the shard's index."""
        self._rows.close()
        return self._shard.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the files back; without close() they have no end."""
        self._shard.abort()
        self._rows.abort()

    def _count(self, simulate_s: float, encode_s: float) -> None:
        self.throughput.frames += 1
        self.throughput.simulate_s += simulate_s
        self.throughput.encode_s += encode_s
