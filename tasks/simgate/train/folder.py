"""TrainFolder: the files through which the stage and its ranks speak, all on one machine's local disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simgate.families.card import EpochLosses


@dataclass(frozen=True, slots=True)
class TrainFolder:
    """A private folder of one training."""

    path: Path

    @property
    def pack(self) -> Path:
        """The decoded split; written by the stage."""
        return self.path / "pack"

    @property
    def resume(self) -> Path:
        """The checkpoint to go on from, if there is one; written by the stage."""
        return self.path / "resume.safetensors"

    @property
    def stop(self) -> Path:
        """Exists when the ranks are to stop at a checkpoint; written by the stage."""
        return self.path / "stop"

    @property
    def lifeline(self) -> Path:
        """Locked by the stage for as long as it lives."""
        return self.path / "lifeline"

    @property
    def checkpoints(self) -> Path:
        """Written by rank 0, whole files only."""
        return self.path / "checkpoints"

    @property
    def weights(self) -> Path:
        """The trained network; exists only when training came to its end."""
        return self.path / "weights.safetensors"

    @property
    def history(self) -> Path:
        """One JSON line an epoch, those before a resume included."""
        return self.path / "history.jsonl"

    @property
    def epochs(self) -> Path:
        """One JSON line an epoch, as they end."""
        return self.path / "epochs.jsonl"

    def checkpoint(self, step: int) -> Path:
        """Return the path of the checkpoint after `step` steps."""
        self.checkpoints.mkdir(exist_ok=True)
        return self.checkpoints / f"{step:09d}.safetensors"

    def say_epoch(self, row: EpochLosses) -> None:
        """Tell the stage of an epoch's end."""
        with self.epochs.open("ab") as file:
            file.write(row.to_json() + b"\n")

    def finish(self, weights: bytes, history: Sequence[EpochLosses]) -> None:
        """Leave the result."""
        self.history.write_bytes(b"".join(row.to_json() + b"\n" for row in history))
        unfinished = self.weights.with_suffix(".part")
        unfinished.write_bytes(weights)
        # Last: where the weights are, everything is.
        unfinished.replace(self.weights)
