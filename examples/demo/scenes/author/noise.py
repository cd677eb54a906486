"""Seeded, tileable noise and the picture type that textures are painted in."""

import zlib

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float64]
"""(height, width, 3) of sRGB values from 0 to 1."""
Field = NDArray[np.float64]
"""(height, width) of values around 0."""


def generator(name: str) -> np.random.Generator:
    """A generator that depends on the texture's name alone."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def cloud(rng: np.random.Generator, size: int, roughness: float, stretch: tuple[float, float] = (1.0, 1.0)) -> Field:
    """Fractal noise of unit deviation that repeats at the borders; `stretch` lengthens features along (rows, columns).

    Its spectrum falls as frequency ** -roughness.
    """
    rows = np.fft.fftfreq(size)[:, None] * size * stretch[0]
    columns = np.fft.fftfreq(size)[None, :] * size * stretch[1]
    frequency = np.maximum(np.hypot(rows, columns), 1.0)
    spectrum = np.fft.fft2(rng.standard_normal((size, size))) * frequency**-roughness
    spectrum[0, 0] = 0.0
    field = np.fft.ifft2(spectrum).real
    return np.asarray(field / field.std(), dtype=np.float64)


def grain(rng: np.random.Generator, size: int) -> Field:
    """Fine noise, one value a pixel."""
    return rng.standard_normal((size, size))


def rgb(code: str) -> Picture:
    """The colour of an sRGB hex code as a (1, 1, 3) picture."""
    return np.array([[[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)]]])


def shaded(base: Picture, field: Field, amount: float) -> Picture:
    """The picture made lighter and darker by a field."""
    return np.asarray(base * (1.0 + amount * field[..., None]), dtype=np.float64)


def mixed(first: Picture, second: Picture, share: Field) -> Picture:
    """From `first` where `share` is 0 to `second` where it is 1."""
    weight = np.clip(share, 0.0, 1.0)[..., None]
    return np.asarray(first * (1.0 - weight) + second * weight, dtype=np.float64)


def grid(size: int) -> tuple[Field, Field]:
    """Row and column coordinates from 0 to 1."""
    steps = (np.arange(size) + 0.5) / size
    rows, columns = np.meshgrid(steps, steps, indexing="ij")
    return rows, columns
