"""Domain randomization of the looks: lights, ambient and colours of one episode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgate.core.given.random import stream
from simgate.specs.generate import GenerateSpec


@dataclass(frozen=True, slots=True)
class Look:
    """The light and colours of an episode; lights and components are in the simulator's order."""

    light_gain: NDArray[np.float64]
    """lights; factor on the authored intensity."""
    light_shift_m: NDArray[np.float64]
    """lights × (x, y), world frame."""
    ambient: float
    """Ambient radiance, linear."""
    tint: NDArray[np.float64]
    """components × RGB; factor on the authored colour, linear, near 1."""


def draw_look(spec: GenerateSpec, episode: int, *, light_count: int, component_count: int) -> Look:
    """Return the look of one episode, from its own stream: the layout's draws do not move it."""
    ranges = spec.randomization
    draw = stream(spec.dataset_seed, spec.scene, episode, "look")
    ambient = draw.uniform(ranges.ambient.low, ranges.ambient.high)
    gain = draw.uniform(ranges.light_gain.low, ranges.light_gain.high, light_count)
    shift = draw.uniform(-ranges.light_shift_m, ranges.light_shift_m, (light_count, 2))
    # A factor, not an offset: dark and saturated surfaces keep their hue, so channels stay tellable from each other.
    tint = 1.0 + draw.uniform(-ranges.color_jitter, ranges.color_jitter, (component_count, 3))
    return Look(gain, shift, float(ambient), tint)


def authored_look(*, light_count: int, component_count: int, ambient: float) -> Look:
    """Return the look as the scene's author meant it."""
    return Look(np.ones(light_count), np.zeros((light_count, 2)), ambient, np.ones((component_count, 3)))
