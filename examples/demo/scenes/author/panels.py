"""Pictures of made things: screens, doors, oven fronts, signs and views from a window."""

import numpy as np

from noise import Picture, cloud, generator, grain, mixed, shaded
from prints import SIZE, canvas, gradient, painted, text, uneven


def screen_code(name: str) -> Picture:
    """A dark editor full of coloured lines."""
    rng = generator(name)
    image, draw = canvas("1b2230")
    draw.rectangle((0, 0, 255, 16), fill="#2c3648")
    draw.rectangle((0, 17, 44, 255), fill="#161c28")
    colours = ("#7fc8ff", "#f2b36b", "#9fe08f", "#d9dfe8", "#e58fb1")
    for row in range(22):
        x = 56 + 14 * int(rng.integers(0, 4))
        for _ in range(int(rng.integers(1, 5))):
            width = int(rng.integers(12, 46))
            draw.rectangle((x, 26 + row * 10, x + width, 30 + row * 10), fill=colours[int(rng.integers(0, 5))])
            x += width + 6
    return uneven(image, name)


def screen_chart(name: str) -> Picture:
    """A light dashboard of bars and lines."""
    rng = generator(name)
    image, draw = canvas("e9eef4")
    draw.rectangle((0, 0, 255, 24), fill="#2f6fb2")
    for index in range(7):
        height = int(rng.integers(30, 90))
        draw.rectangle((20 + index * 15, 130 - height, 30 + index * 15, 130), fill="#3b8ad9")
    points = [(140 + 14 * i, 120 - int(rng.integers(0, 70))) for i in range(8)]
    draw.line(points, fill="#e2641b", width=4)
    draw.pieslice((24, 150, 104, 236), 0, 250, fill="#4caf7a")
    draw.pieslice((24, 150, 104, 236), 250, 360, fill="#f0b41a")
    for row in range(6):
        draw.rectangle((130, 156 + row * 14, 150 + int(rng.integers(30, 95)), 162 + row * 14), fill="#8a97a6")
    return uneven(image, name)


def whiteboard(name: str) -> Picture:
    """A board with a sketched flow and sticky notes."""
    image, draw = canvas("f6f7f7")
    for index, words in enumerate(("scene", "data", "model")):
        left = 16 + index * 82
        draw.rectangle((left, 60, left + 58, 100), outline="#23446e", width=3)
        text(draw, (left + 7, 71), words, 15, "23446e")
        if index:
            draw.line((left - 22, 80, left - 4, 80), fill="#b3261e", width=3)
    draw.line([(20 + 8 * i, 210 - int(40 * (1 - 0.86**i))) for i in range(16)], fill="#2f6b3c", width=3)
    for x, y, colour in ((170, 140, "f6d55c"), (205, 150, "f29f9f"), (176, 184, "9fd3f2"), (212, 194, "b7e4a8")):
        draw.rectangle((x, y, x + 28, y + 28), fill=f"#{colour}")
    return uneven(image, name)


def door(name: str, colour: str, dark: str) -> Picture:
    """A door leaf with four panels."""
    image, draw = canvas(colour)
    for left, top, right, bottom in (
        (36, 20, 118, 110),
        (138, 20, 220, 110),
        (36, 136, 118, 236),
        (138, 136, 220, 236),
    ):
        draw.rectangle((left, top, right, bottom), outline=f"#{dark}", width=4)
        draw.rectangle((left + 10, top + 8, right - 10, bottom - 8), outline=f"#{dark}", width=2)
    return shaded(painted(image), cloud(generator(name), SIZE, 1.2, (6.0, 1.0)), 0.02)


def rolling_door(name: str) -> Picture:
    """A roller shutter with a sign."""
    image, draw = canvas("9fb0bd")
    for row in range(20):
        top = row * 13
        draw.rectangle((0, top, 255, top + 1), fill="#64727d")
        draw.rectangle((0, top + 2, 255, top + 4), fill="#b4c2cc")
    draw.rectangle((88, 84, 168, 144), fill="#f0b41a")
    text(draw, (104, 90), "A1", 40, "15161a")
    return uneven(image, name)


def oven(name: str) -> Picture:
    """The front of a stove: knobs, a handle and a dark window."""
    image, draw = canvas("e4e3df")
    draw.rectangle((0, 0, 255, 44), fill="#3a3d42")
    for index in range(5):
        draw.ellipse((24 + index * 46, 12, 46 + index * 46, 34), fill="#d8d9da")
    draw.rectangle((24, 58, 231, 68), fill="#8d9096")
    draw.rectangle((30, 84, 225, 196), fill="#1d1f24")
    draw.polygon([(40, 92), (120, 92), (60, 188), (40, 188)], fill="#2c3036")
    return uneven(image, name)


def microwave(name: str) -> Picture:
    """The front of a microwave oven."""
    image, draw = canvas("b9bec4")
    draw.rectangle((12, 20, 180, 236), fill="#16181c")
    draw.rectangle((196, 30, 244, 62), fill="#0d2a22")
    text(draw, (200, 34), "12:30", 17, "49e0a0")
    for row in range(4):
        for column in range(3):
            x, y = 198 + column * 16, 84 + row * 30
            draw.rectangle((x, y, x + 11, y + 18), fill="#f1f1f1")
    return uneven(image, name)


def keyboard(name: str) -> Picture:
    """Five rows of keys."""
    image, draw = canvas("15161a")
    for row in range(5):
        for column in range(15):
            x, y = 3 + column * 17, 6 + row * 50
            draw.rectangle((x, y, x + 13, y + 40), fill="#3a3d44")
    return uneven(image, name)


def sign(name: str, words: tuple[str, ...], ground: str, ink: str) -> Picture:
    """A safety poster."""
    image, draw = canvas(ground)
    draw.rectangle((8, 8, 247, 247), outline=f"#{ink}", width=6)
    draw.polygon([(128, 24), (60, 136), (196, 136)], fill="#f0b41a", outline="#15161a")
    draw.rectangle((122, 60, 134, 104), fill="#15161a")
    draw.rectangle((122, 112, 134, 124), fill="#15161a")
    for row, line in enumerate(words):
        text(draw, (28, 150 + row * 40), line, 34, ink)
    return uneven(image, name)


def park(name: str) -> Picture:
    """A view from a window: sky, rows of trees, a lawn."""
    rng = generator(name)
    sky = gradient(("7db8ec", "a9d3f4", "d5eaf8", "eef6f8"))
    clouds = np.clip(cloud(rng, SIZE, 1.7, (1.0, 0.45)).T * 0.6 - 0.3, 0, 0.85)
    sky = mixed(sky, np.ones_like(sky), clouds)
    image, draw = canvas("ff00ff")
    for depth, colours in enumerate((("9dbfa4", "8bb093"), ("6c9c63", "5a8a54"), ("4c8043", "3a6a35"))):
        horizon = 136 + 22 * depth
        for _ in range(90 - 20 * depth):
            x, radius = int(rng.integers(-10, 266)), int(rng.integers(7, 15 + 5 * depth))
            y = horizon + int(rng.integers(-16, 10))
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=f"#{colours[int(rng.integers(0, 2))]}")
        draw.rectangle((0, horizon, 255, 255), fill=f"#{colours[1]}")
    draw.rectangle((0, 200, 255, 255), fill="#8fb365")
    empty = (np.asarray(image) == (255, 0, 255)).all(axis=2).astype(float)
    picture = mixed(painted(image), sky, empty)
    return shaded(picture, cloud(rng, SIZE, 0.7), 0.03)


def town(name: str) -> Picture:
    """A view from a window: blocks with lit windows under a pale sky."""
    rng = generator(name)
    image, draw = canvas("cfe3f2")
    for layer, colour in enumerate(("a9bccb", "8499ab", "66788a")):
        x = -int(rng.integers(0, 20))
        while x < SIZE:
            width, top = int(rng.integers(26, 52)), int(rng.integers(60, 130)) + layer * 30
            draw.rectangle((x, top, x + width, 255), fill=f"#{colour}")
            for wx in range(x + 5, x + width - 6, 9):
                for wy in range(top + 8, 250, 13):
                    draw.rectangle((wx, wy, wx + 4, wy + 6), fill="#e9edf0" if rng.random() < 0.5 else "#4e6072")
            x += width + int(rng.integers(2, 12))
    sky = gradient(("7fb4e4", "a9d0ee", "dcebf5", "eef3f5"))
    blank = (np.asarray(image)[..., 2] == 0xF2).astype(float)
    return shaded(mixed(painted(image), sky, blank), grain(rng, SIZE), 0.01)
