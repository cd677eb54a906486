"""Gallery: a sample as one picture of four panels: colour with its boxes, depth, classes, instances."""

from __future__ import annotations

import colorsys
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from simgate.data.sample import Sample

Picture = NDArray[np.uint8]
PANEL_WIDTH_PX = 256
GAP_PX = 4
FAR_M = 10.0
"""Depth at the dark end of the colour scale."""
_GOLDEN = 0.618033988749895
"""Steps of the golden ratio on the colour circle: neighbours in number are far apart in colour."""


def panels(sample: Sample) -> bytes:
    """Draw the four panels as PNG, two by two, scaled by whole numbers (nearest neighbour)."""
    factor = max(1, round(PANEL_WIDTH_PX / sample.rgb.shape[1]))
    colors, depth, classes, instances = (
        _boxed(sample, factor),
        _scaled(depth_colors(sample.depth_m), factor),
        _scaled(mask_colors(sample.semantic), factor),
        _scaled(mask_colors(sample.instance), factor),
    )
    whole = _stack([_stack([colors, depth], axis=1), _stack([classes, instances], axis=1)], axis=0)
    out = io.BytesIO()
    Image.fromarray(whole).save(out, "PNG")
    return out.getvalue()


def _stack(pair: list[Picture], *, axis: int) -> Picture:
    shape = list(pair[0].shape)
    shape[axis] = GAP_PX
    return np.concatenate([pair[0], np.full(shape, 255, np.uint8), pair[1]], axis=axis)


def depth_colors(depth_m: NDArray[np.float32]) -> Picture:
    """Colour depth: near is warm and bright, far is dark blue, black where nothing was hit."""
    far = np.clip(depth_m / FAR_M, 0, 1)[..., None]
    stops = np.array([[253, 231, 110], [235, 120, 75], [140, 50, 125], [20, 15, 75]], dtype=np.float64)
    at = far * (len(stops) - 1)
    low = np.minimum(at.astype(int), len(stops) - 2)[..., 0]
    share = at - low[..., None]
    colors = stops[low] * (1 - share) + stops[low + 1] * share
    return np.where(depth_m[..., None] > 0, colors, 0).astype(np.uint8)


def mask_colors(mask: NDArray[np.uint8] | NDArray[np.uint16]) -> Picture:
    """Give each value a colour, the same in every picture; 0 is near black."""
    table = np.array([color_of(value) for value in range(int(mask.max()) + 1)], dtype=np.uint8)
    return table[mask]


def color_of(value: int) -> tuple[int, int, int]:
    """Return the colour of a class or an instance."""
    if value == 0:
        return 24, 24, 28
    red, green, blue = colorsys.hsv_to_rgb(
        value * _GOLDEN % 1.0, 0.55 + 0.3 * (value % 3) / 2, 0.95 - 0.2 * (value % 2)
    )
    return int(red * 255), int(green * 255), int(blue * 255)


def _boxed(sample: Sample, factor: int) -> Picture:
    image = Image.fromarray(_scaled(sample.rgb, factor))
    draw = ImageDraw.Draw(image)
    for box in sample.boxes:
        edges = (box.x_min_px, box.y_min_px, box.x_max_px, box.y_max_px)
        x0, y0, x1, y1 = (factor * edge for edge in edges)
        color = color_of(box.instance)
        draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline=color, width=1)
        if x1 - x0 > 6 * len(box.label):
            text = (x0 + 2, y0 + 1)
            draw.rectangle((x0, y0, x0 + 6 * len(box.label) + 4, y0 + 11), fill=color)
            draw.text(text, box.label, fill=(0, 0, 0))
    return np.asarray(image, dtype=np.uint8)


def _scaled(image: Picture, factor: int) -> Picture:
    return image.repeat(factor, axis=0).repeat(factor, axis=1)
