"""Pictures that are shown once over a panel: paintings, screens, fronts, views, rugs."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from noise import Picture, cloud, generator, grain, grid, mixed, rgb, shaded

SIZE = 256
Draw = ImageDraw.ImageDraw


def canvas(colour: str, size: tuple[int, int] = (SIZE, SIZE)) -> tuple[Image.Image, Draw]:
    image = Image.new("RGB", size, f"#{colour}")
    return image, ImageDraw.Draw(image)


def painted(image: Image.Image) -> Picture:
    return np.asarray(image, dtype=np.float64) / 255


def uneven(image: Image.Image, name: str) -> Picture:
    """The picture with the faint noise that paint and panels have."""
    return shaded(painted(image), cloud(generator(name), SIZE, 0.8), 0.012)


def gradient(stops: tuple[str, ...], size: int = SIZE) -> Picture:
    """A vertical run through colours, from top to bottom."""
    rows = np.linspace(0, len(stops) - 1, size)
    lower = np.minimum(rows.astype(int), len(stops) - 2)
    colours = np.concatenate([rgb(stop)[0] for stop in stops])
    share = (rows - lower)[:, None]
    line = colours[lower] * (1 - share) + colours[lower + 1] * share
    return np.repeat(line[:, None, :], size, axis=1)


def mountains(name: str, sky: tuple[str, ...], ridges: tuple[str, ...]) -> Picture:
    """Ridges behind each other under a sky with a sun."""
    rng = generator(name)
    picture = gradient(sky)
    rows, columns = grid(SIZE)
    sun = np.hypot(rows - 0.28, columns - 0.68)
    picture = mixed(picture, np.broadcast_to(rgb("fff3d6"), picture.shape), np.clip((0.09 - sun) * 60, 0, 1))
    for index, colour in enumerate(ridges):
        line = 0.45 + 0.13 * index + 0.05 * cloud(rng, SIZE, 1.7)[0] / (1 + 0.3 * index)
        share = np.clip((rows - line[None, :]) * 120, 0, 1)
        picture = mixed(picture, np.broadcast_to(rgb(colour), picture.shape), share)
    return shaded(picture, grain(rng, SIZE), 0.012)


def abstract(name: str, ground: str, colours: tuple[str, ...]) -> Picture:
    """Overlapping rounded shapes."""
    rng = generator(name)
    image, draw = canvas(ground)
    for index in range(9):
        x, y, radius = int(rng.integers(20, 236)), int(rng.integers(20, 236)), int(rng.integers(22, 70))
        colour = f"#{colours[index % len(colours)]}"
        if index % 3 == 0:
            draw.rectangle((x - radius, y - radius // 3, x + radius, y + radius // 3), fill=colour)
        elif index % 3 == 1:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        else:
            draw.arc((x - radius, y - radius, x + radius, y + radius), 0, 270, fill=colour, width=9)
    return shaded(painted(image), grain(rng, SIZE), 0.015)


def botanical(name: str) -> Picture:
    """A branch with leaves on paper."""
    image, draw = canvas("efe8d8")
    draw.line((128, 240, 120, 30), fill="#4c5b3f", width=4)
    for index in range(9):
        y = 220 - index * 22
        side = 1 if index % 2 else -1
        tip = (124 + side * (78 - index * 5), y - 34)
        draw.polygon(
            [(124, y), (124 + side * 30, y - 34), tip, (124 + side * 40, y - 8)],
            fill="#5d7a52" if side > 0 else "#7c946a",
        )
    return shaded(painted(image), grain(generator(name), SIZE), 0.015)


def rug(name: str, ground: str, border: str, accent: str, motif: str) -> Picture:
    """A woven rug with a border and lozenges."""
    image, draw = canvas(ground)
    draw.rectangle((8, 8, 247, 247), outline=f"#{border}", width=6)
    draw.rectangle((22, 22, 233, 233), outline=f"#{accent}", width=2)
    for row in range(5):
        for column in range(5):
            x, y = 48 + column * 40, 48 + row * 40
            size = 9 if (row + column) % 2 else 5
            draw.polygon(
                [(x - size, y), (x, y - size), (x + size, y), (x, y + size)],
                fill=f"#{motif if (row + column) % 2 else accent}",
            )
    rng = generator(name)
    return shaded(shaded(painted(image), grain(rng, SIZE), 0.07), cloud(rng, SIZE, 1.0), 0.03)


def spines(name: str, colours: tuple[str, ...]) -> Picture:
    """Eight book spines side by side, each with a title block and bands."""
    rng = generator(name)
    image, draw = canvas("101010")
    for index in range(8):
        left, colour = index * 32, colours[index % len(colours)]
        draw.rectangle((left, 0, left + 31, 255), fill=f"#{colour}")
        gold = "#e6c98a" if index % 3 else "#f4f0e6"
        top = int(rng.integers(30, 70))
        draw.rectangle((left + 7, top, left + 24, top + int(rng.integers(50, 90))), fill=gold)
        for band in (12, 226, 236):
            draw.rectangle((left, band, left + 31, band + 4), fill=gold)
    return shaded(painted(image), grain(rng, SIZE), 0.03)


def cardboard(name: str, colour: str) -> Picture:
    """Two faces of a carton side by side, flutes, tape and worn edges; the right one has a shipping label."""
    rng = generator(name)
    rows, columns = grid(SIZE)
    across = (columns * 2) % 1.0
    picture = shaded(shaded(rgb(colour), cloud(rng, SIZE, 1.1, (1.0, 5.0)), 0.035), grain(rng, SIZE), 0.02)
    tape = (np.abs(across - 0.5) < 0.07).astype(float)
    picture = mixed(picture, np.broadcast_to(rgb("d8bd8a"), picture.shape), tape * 0.75)
    border = np.minimum(np.minimum(rows, 1 - rows), np.minimum(across, 1 - across) / 2)
    picture = shaded(picture, np.clip(1 - border * 50, 0, 1), -0.22)
    picture[150:226, 204:246] = _shipping_label(rng)
    return picture


def _shipping_label(rng: np.random.Generator) -> Picture:
    """Lines of an address over a bar code, 76 by 42 pixels."""
    image, draw = canvas("f4f3ee", (42, 76))
    for row in range(4):
        draw.rectangle((4, 6 + row * 7, 10 + int(rng.integers(8, 26)), 8 + row * 7), fill="#444444")
    x = 4
    while x < 36:
        width = int(rng.integers(1, 3))
        draw.rectangle((x, 38, x + width - 1, 70), fill="#111111")
        x += width + int(rng.integers(1, 3))
    return painted(image)


def stripes(name: str, first: str, second: str, count: int) -> Picture:
    """Diagonal hazard stripes."""
    rows, columns = grid(SIZE)
    share = (((rows + columns) * count) % 1.0 < 0.5).astype(float)
    picture = mixed(np.broadcast_to(rgb(first), (SIZE, SIZE, 3)), rgb(second), share)
    return shaded(picture, cloud(generator(name), SIZE, 0.9), 0.05)


def text(draw: Draw, at: tuple[int, int], words: str, size: int, colour: str) -> None:
    draw.text(at, words, font=ImageFont.load_default(size), fill=f"#{colour}")
