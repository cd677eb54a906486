"""Order: which frames a step sees, a function of (seed, epoch) alone; so a resumed run goes on as if never stopped."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgate.core.given.random import stream


@dataclass(frozen=True, slots=True)
class Schedule:
    """The steps of a training."""

    seed: int
    frames: int
    batch_size: int
    epochs: int

    @property
    def steps_per_epoch(self) -> int:
        """Every frame at least once an epoch; the last batch is filled from the epoch's beginning."""
        return math.ceil(self.frames / self.batch_size)

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return self.steps_per_epoch * self.epochs

    def epoch_order(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return positions of an epoch's frames, and which of them are mirrored; both steps_per_epoch × batch_size."""
        draw = stream(self.seed, "order", epoch)
        shape = (self.steps_per_epoch, self.batch_size)
        order = np.resize(draw.permutation(self.frames), shape)
        return order, draw.random(shape) < 0.5

    def learning_rate_share(self, step: int) -> float:
        """Return the factor of the learning rate: a short linear warm-up, then half a cosine down to 1 %."""
        warm_up = max(1, min(self.steps_per_epoch, self.steps // 10))
        if step < warm_up:
            return (step + 1) / warm_up
        progress = (step - warm_up) / max(1, self.steps - warm_up)
        return 0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2
