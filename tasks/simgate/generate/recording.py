"""Recording: samples of one shard into their files, each encoded once, one an episode in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
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
from simgate.generate.lane import Lane


@dataclass
class Throughput:
    """The time that a recording spent on each part; an observation, never data."""

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

    def add(
        self, episodes: Sequence[Episode], moments: Iterable[Sequence[Sample]], on_frame: Callable[[int], None]
    ) -> tuple[BagFiles, ...]:
        """Append episodes that were driven side by side, a moment being one sample of each; their bags.

        The files are those of one episode after another. `on_frame` hears the number of frames so far.
        """
        clock = perf_counter()
        with ExitStack() as stack:
            lanes = [stack.enter_context(self._lane(episode, first=not i)) for i, episode in enumerate(episodes)]
            for moment in moments:
                rendered = perf_counter()
                for lane, sample in zip(lanes, moment, strict=True):
                    lane.add(encode_sample(sample))
                self._count(len(lanes), rendered - clock, (clock := perf_counter()) - rendered)
                on_frame(self.throughput.frames)
            bags = tuple(lane.close() for lane in lanes)
            self.throughput.encode_s += perf_counter() - clock
            return bags

    def _lane(self, episode: Episode, *, first: bool) -> Lane:
        """Open the lane of an episode: the first is written in place, the others wait on disk until it is whole."""
        waiting = None if first else self.folder / f"lane-{episode.episode}.tar"
        return Lane(self._shard, self._rows, BagWriter(self.folder, episode), waiting)

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

    def _count(self, frames: int, simulate_s: float, encode_s: float) -> None:
        self.throughput.frames += frames
        self.throughput.simulate_s += simulate_s
        self.throughput.encode_s += encode_s
