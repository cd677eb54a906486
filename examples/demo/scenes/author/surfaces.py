"""Repeating textures of floors, walls, woods and fabrics."""

import numpy as np

from noise import Field, Picture, cloud, generator, grain, grid, mixed, rgb, shaded

SIZE = 256


def wood(name: str, light: str, dark: str) -> Picture:
    """Wood with its grain along the texture's columns."""
    rng = generator(name)
    rings = cloud(rng, SIZE, 1.6, (1.0, 9.0))
    fibres = cloud(rng, SIZE, 0.6, (1.0, 24.0))
    picture = mixed(rgb(light), rgb(dark), 0.42 + 0.20 * rings + 0.10 * np.sin(rings * 6.0))
    return shaded(picture, fibres, 0.05)


def planks(name: str, light: str, dark: str, rows: int) -> Picture:
    """A floor of boards; each row holds two boards, shifted from row to row."""
    rng = generator(name)
    picture = wood(name, light, dark)
    tone, joint = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    height = SIZE // rows
    for row in range(rows):
        band = slice(row * height, (row + 1) * height)
        shift = int(rng.integers(0, SIZE))
        picture[band] = np.roll(picture[band], int(rng.integers(0, SIZE)), axis=1)
        for board in range(2):
            columns = (np.arange(SIZE // 2) + shift + board * SIZE // 2) % SIZE
            tone[band, columns] = rng.uniform(-0.16, 0.16)
            joint[band, columns[0]] = 1.0
        joint[row * height] = 1.0
    return shaded(shaded(picture, tone, 1.0), joint, -0.42)


def paint(name: str, colour: str) -> Picture:
    """Paint with a faint unevenness."""
    rng = generator(name)
    return shaded(shaded(rgb(colour), cloud(rng, SIZE, 1.4), 0.014), grain(rng, SIZE), 0.008)


def plaster(name: str, colour: str) -> Picture:
    """Painted plaster with a faint unevenness, from floor (last row) to ceiling (first row).

    It darkens towards both, as the renderer has no ambient occlusion; a wall shows it once from bottom to top.
    """
    rows, _ = grid(SIZE)
    shade: Field = -0.16 * np.exp(-rows / 0.05) - 0.20 * np.exp(-(1.0 - rows) / 0.07)
    return shaded(paint(name, colour), shade, 1.0)


def concrete(name: str, colour: str) -> Picture:
    """Polished concrete with clouds, spots and a joint along two borders."""
    rng = generator(name)
    clouds, spots = cloud(rng, SIZE, 1.5), cloud(rng, SIZE, 0.7)
    picture = shaded(shaded(rgb(colour), clouds, 0.06), np.minimum(spots + 1.6, 0.0), 0.10)
    joint = np.zeros((SIZE, SIZE))
    joint[:2], joint[:, :2] = 1.0, 1.0
    return shaded(shaded(picture, grain(rng, SIZE), 0.02), joint, -0.30)


def carpet(name: str, colour: str, second: str) -> Picture:
    """Carpet tiles, two by two, their pile turned from tile to tile."""
    rng = generator(name)
    rows, columns = grid(SIZE)
    checks = ((rows * 2).astype(int) + (columns * 2).astype(int)) % 2
    along, across = cloud(rng, SIZE, 0.5, (1.0, 6.0)), cloud(rng, SIZE, 0.5, (6.0, 1.0))
    pile: Field = np.where(checks == 0, along, across)
    picture = mixed(rgb(colour), rgb(second), 0.35 + 0.22 * pile)
    seam: Field = ((np.minimum(rows % 0.5, columns % 0.5)) < 0.5 / 128).astype(float)
    return shaded(shaded(picture, np.where(checks == 0, 0.02, -0.02), 1.0), seam, -0.18)


def fabric(name: str, colour: str) -> Picture:
    """A plain weave with a few slubs."""
    size = 128
    rng = generator(name)
    rows, columns = grid(size)
    weave = np.sin(rows * np.pi * 64) * np.sin(columns * np.pi * 64)
    picture = shaded(rgb(colour), weave, 0.08)
    return shaded(shaded(picture, cloud(rng, size, 0.8), 0.05), grain(rng, size), 0.05)


def tiles(name: str, colour: str, grout: str, count: int) -> Picture:
    """Glazed wall tiles."""
    rng = generator(name)
    rows, columns = grid(SIZE)
    tone = np.repeat(np.repeat(rng.uniform(-0.05, 0.05, (count, count)), SIZE // count, 0), SIZE // count, 1)
    edge = np.minimum((rows * count) % 1.0, (columns * count) % 1.0)
    picture = shaded(rgb(colour), tone, 1.0)
    return mixed(picture, np.broadcast_to(rgb(grout), picture.shape), (edge < 0.06).astype(float))


def brick(name: str, colour: str, dark: str, mortar: str) -> Picture:
    """Bricks, eight courses of four, half shifted."""
    rng = generator(name)
    rows, columns = grid(SIZE)
    course = (rows * 8).astype(int)
    along = columns * 4 + 0.5 * (course % 2)
    tone = rng.uniform(0, 1, (8, 4))[course, along.astype(int) % 4]
    gap = ((rows * 8) % 1.0 < 0.14) | (along % 1.0 < 0.07)
    picture = mixed(np.broadcast_to(rgb(colour), (SIZE, SIZE, 3)), rgb(dark), tone)
    picture = mixed(picture, np.broadcast_to(rgb(mortar), picture.shape), gap.astype(float))
    return shaded(picture, cloud(rng, SIZE, 0.8), 0.06)


def corrugated(name: str, colour: str) -> Picture:
    """Trapezoid sheet metal, eight ribs."""
    rng = generator(name)
    _, columns = grid(SIZE)
    phase = (columns * 8) % 1.0
    rib = np.interp(phase, (0.0, 0.45, 0.5, 0.6, 0.9, 0.95, 1.0), (0.0, 0.0, -0.22, 0.10, 0.10, 0.18, 0.0))
    return shaded(shaded(rgb(colour), rib, 1.0), cloud(rng, SIZE, 1.4, (6.0, 1.0)), 0.025)


def ceiling_tiles(name: str) -> Picture:
    """Mineral ceiling tiles in a metal grid, two by two."""
    rng = generator(name)
    rows, columns = grid(SIZE)
    holes = np.minimum(cloud(rng, SIZE, 0.3) + 1.9, 0.0)
    seam = (np.minimum(rows % 0.5, columns % 0.5) < 0.014).astype(float)
    return shaded(shaded(shaded(rgb("e6e4de"), holes, 0.16), grain(rng, SIZE), 0.012), seam, -0.16)


def stone(name: str) -> Picture:
    """A light worktop stone with speckles."""
    rng = generator(name)
    speckles = (cloud(rng, SIZE, 0.35) > 1.5).astype(float)
    return mixed(
        shaded(rgb("d4d0c8"), cloud(rng, SIZE, 1.3), 0.05),
        np.broadcast_to(rgb("8b8680"), (SIZE, SIZE, 3)),
        speckles * 0.7,
    )


def leaf(name: str) -> Picture:
    """A leaf with a light midrib; the blade runs along the columns."""
    rng = generator(name)
    size = 64
    rows, columns = grid(size)
    veins = np.sin((columns * 5 + np.abs(rows - 0.5) * 4) * 2 * np.pi)
    picture = shaded(shaded(rgb("3f7d3a"), veins, 0.08), cloud(rng, size, 1.0), 0.08)
    return mixed(
        picture, np.broadcast_to(rgb("8fb56a"), picture.shape), (np.abs(rows - 0.5) < 0.05).astype(float) * 0.8
    )
