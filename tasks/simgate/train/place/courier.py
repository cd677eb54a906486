"""Courier: while the ranks train, takes their checkpoints to the store and the wish to stop to them."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from simgate.core.runtime.work import Share
from simgate.families.card import EpochLosses
from simgate.specs.train import TrainSpec
from simgate.train.folder import TrainFolder

POLL_S = 0.25


class Courier:
    """A thread that stores checkpoints; those not stored yet when it ends are stored on the way out."""

    def __init__(self, work: Share[TrainSpec], folder: TrainFolder) -> None:
        self._work = work
        self._folder = folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._heard = 0
        self._kept: set[int] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._deliver()

    def _run(self) -> None:
        while not self._over.wait(POLL_S):
            try:
                self._deliver()
            except Exception as error:  # a checkpoint that cannot be kept now is tried again at the end
                self._work.note("checkpoint not kept", error=repr(error))

    def _deliver(self) -> None:
        if self._work.stop.requested:
            self._folder.stop.touch()
        self._pass_epochs_on()
        newest = max(self._folder.checkpoints.glob("*.safetensors"), default=None)
        if newest is not None and (step := int(newest.stem)) not in self._kept:
            self._work.scratch.save(step, newest)
            self._kept.add(step)
            for old in self._folder.checkpoints.glob("*.safetensors"):
                if int(old.stem) <= step:
                    old.unlink()

    def _pass_epochs_on(self) -> None:
        if not self._folder.epochs.exists():
            return
        lines = self._folder.epochs.read_bytes().split(b"\n")[:-1]
        for line in lines[self._heard :]:
            row = EpochLosses.from_json(line, what="epoch")
            self._work.progress(row.epoch, self._work.spec.epochs, f"epochs, loss {row.total:.3f}")
        self._heard = len(lines)
