"""Shelves with their books, cabinets, wardrobes and kitchen units."""

from asset import Asset
from curved import cylinder, limb
from material import Material
from mesh import Mesh, merged
from palette import BIRCH, BLACK, CHROME, GREEN_PAINT, GREY, OAK, STEEL, STONE, WALNUT, WHITE, printed
from solid import box, panel


def bookshelf() -> Asset:
    """An open shelf of five boards, 1.9 m tall; books are separate components. Variants of `finish`."""
    asset = Asset("bookshelf", "shelf")
    sides = [box((0.30, 0.025, 1.90), (0, y, 0)) for y in (-0.4375, 0.4375)]
    boards = [box((0.28, 0.85, 0.022), (0.005, 0, z)) for z in SHELF_HEIGHTS_M]
    back = box((0.012, 0.86, 1.80), (-0.14, 0, 0.06))
    asset.add("wood", merged(*sides, *boards, box((0.30, 0.90, 0.025), (0, 0, 1.885)), back), WALNUT)
    asset.offer("finish", "wood", (WALNUT, OAK, BIRCH))
    asset.collide_all()
    return asset


SHELF_HEIGHTS_M = (0.06, 0.43, 0.80, 1.17, 1.54)
# Widths, heights and order of the books in a row are fixed, so that a row is the same in every build.
_SPINES = ((3, 24), (4, 27), (2, 22), (5, 29), (3, 25), (4, 23), (2, 27), (5, 26), (3, 28), (4, 24), (3, 22), (5, 27))


def book_row(name: str, first: int) -> Asset:
    """Books side by side, their spines along +X; `first` rotates the order."""
    asset = Asset(name, "book")
    spines: dict[str, list[Mesh]] = {"books_a": [], "books_b": []}
    pages = []
    y = -0.36
    for index in range(17):
        width, height = (value / 100 for value in _SPINES[(first + index) % len(_SPINES)])
        lean = 9.0 if index == 16 else 0.0
        book = box((0.17, width - 0.003, height)).turned("x", -lean).moved(0, y + width / 2, 0.0)
        strip = ((first + index) % 8) / 8
        spines["books_a" if index % 2 else "books_b"].append(_striped(book, strip))
        pages.append(box((0.15, width - 0.008, 0.004)).turned("x", -lean).moved(-0.005, y + width / 2, height - 0.002))
        y += width + 0.001 + (0.06 if index in (5, 11) else 0.0)
    for texture, books in spines.items():
        asset.add(texture, merged(*books), printed(texture))
    asset.add("pages", merged(*pages), WHITE)
    asset.collide_all()
    return asset


def book_stack() -> Asset:
    """Four books lying on each other."""
    asset = Asset("book_stack", "book")
    sizes = ((0.21, 0.28, 0.04, 0), (0.19, 0.26, 0.03, 8), (0.18, 0.25, 0.045, -6), (0.15, 0.21, 0.025, 14))
    z, books = 0.0, []
    for index, (depth, width, height, yaw) in enumerate(sizes):
        books.append(_striped(box((depth, width, height)), index / 4 + 0.125).turned("z", yaw).moved(0, 0, z))
        z += height
    asset.add("books", merged(*books), printed("books_a"))
    asset.collide_all()
    return asset


def _striped(book: Mesh, start: float) -> Mesh:
    """Map the whole book onto one of the eight painted spines of a texture."""
    low, high = book.st.min(axis=0), book.st.max(axis=0)
    unit = (book.st - low) / (high - low)
    return Mesh(book.points, book.normals, unit * (0.115, 0.96) + (start + 0.005, 0.02), book.counts)


def cabinet() -> Asset:
    """A steel filing cabinet with four drawers."""
    asset = Asset("cabinet", "cabinet")
    fronts = [box((0.02, 0.43, 0.30), (0.305, 0, 0.03 + 0.32 * i)) for i in range(4)]
    asset.add("body", merged(box((0.60, 0.47, 1.32)), *fronts), GREY)
    asset.offer("paint", "body", (GREY, WHITE))
    pulls = [box((0.02, 0.14, 0.02), (0.325, 0, 0.24 + 0.32 * i)) for i in range(4)]
    cards = [box((0.006, 0.08, 0.045), (0.318, 0, 0.16 + 0.32 * i)) for i in range(4)]
    asset.add("pulls", merged(*pulls), BLACK)
    asset.add("cards", merged(*cards), WHITE)
    asset.collide_all()
    return asset


def sideboard() -> Asset:
    """A low wooden cabinet on thin legs, 1.6 m wide."""
    asset = Asset("sideboard", "cabinet")
    asset.add("body", box((0.42, 1.60, 0.42), (0, 0, 0.16)), OAK)
    asset.offer("finish", "body", (OAK, WALNUT))
    doors = [box((0.015, 0.515, 0.37), (0.215, (i - 1) * 0.525, 0.185)) for i in range(3)]
    asset.add("doors", merged(*doors), WHITE)
    knobs = [cylinder(0.012, 0.02, segments=8).turned("y", 90).moved(0.222, y, 0.40) for y in (-0.32, 0.2, 0.32)]
    legs = [limb((x, y, 0.16), (x, y, 0.01), (0.018, 0.012), segments=8) for x in (-0.16, 0.16) for y in (-0.7, 0.7)]
    asset.add("metal", merged(*knobs, *legs), BLACK)
    asset.collide_all()
    return asset


def wardrobe() -> Asset:
    """A two-door wardrobe, 2.05 m tall."""
    asset = Asset("wardrobe", "cabinet")
    asset.add("body", merged(box((0.58, 1.20, 2.05)), box((0.60, 1.22, 0.03), (0, 0, 2.05))), OAK)
    asset.add("doors", merged(*(box((0.02, 0.58, 1.93), (0.295, y, 0.08)) for y in (-0.295, 0.295))), WHITE)
    asset.add("handles", merged(*(box((0.02, 0.015, 0.30), (0.315, y, 0.9)) for y in (-0.04, 0.04))), CHROME)
    asset.collide_all()
    return asset


def kitchen_unit() -> Asset:
    """A base unit of three doors with a stone top and a sink, 1.8 m wide."""
    asset = Asset("kitchen_unit", "cabinet")
    asset.add("body", merged(box((0.54, 1.80, 0.76), (0, 0, 0.10))), WHITE)
    asset.add("plinth", box((0.48, 1.80, 0.10), (-0.03, 0, 0)), BLACK)
    doors = [box((0.018, 0.585, 0.72), (0.278, (i - 1) * 0.60, 0.12)) for i in range(3)]
    asset.add("doors", merged(*doors), GREEN_PAINT)
    asset.offer("paint", "doors", (GREEN_PAINT, WHITE, OAK))
    asset.add("top", box((0.62, 1.84, 0.04), (0.02, 0, 0.86)), STONE)
    pulls = [box((0.015, 0.20, 0.015), (0.295, (i - 1) * 0.60, 0.77)) for i in range(3)]
    sink = [box((0.36, 0.50, 0.012), (0.02, 0.45, 0.895))]
    tap = [
        limb((-0.2, 0.45, 0.9), (-0.2, 0.45, 1.12), (0.014, 0.012)),
        limb((-0.2, 0.45, 1.12), (-0.03, 0.45, 1.10), (0.012, 0.01)),
    ]
    asset.add("metal", merged(*pulls, *sink, *tap), STEEL)
    asset.add("basin", box((0.30, 0.44, 0.004), (0.02, 0.45, 0.905)), BLACK)
    asset.collide_all()
    return asset


def wall_cupboard() -> Asset:
    """A hanging cupboard, 1.2 m wide; its origin is the middle of its base."""
    asset = Asset("wall_cupboard", "cabinet")
    asset.add("body", box((0.32, 1.20, 0.62)), WHITE)
    asset.add("doors", merged(*(box((0.018, 0.58, 0.60), (0.168, y, 0.01)) for y in (-0.295, 0.295))), GREEN_PAINT)
    asset.offer("paint", "doors", (GREEN_PAINT, WHITE, OAK))
    asset.add("pulls", merged(*(box((0.015, 0.012, 0.16), (0.185, y, 0.04)) for y in (-0.04, 0.04))), STEEL)
    asset.collide_all()
    return asset


def backsplash() -> Asset:
    """Tiles on the wall between a worktop and its cupboards, 2.44 m wide; its back is on x = 0."""
    asset = Asset("backsplash", "wall")
    asset.add("tiles", box((0.012, 2.44, 0.60), (0.006, 0, 0)), Material("tiles", texture="kitchen_tiles", tile_m=0.8))
    return asset


def whiteboard() -> Asset:
    """A framed whiteboard with notes; hangs on a wall with its back on x = 0."""
    asset = Asset("whiteboard", "picture")
    asset.add("board", panel(1.74, 1.04, (0.026, 0, 0.03)), printed("whiteboard"))
    asset.add("rim", merged(box((0.025, 1.80, 1.10), (0.0125, 0, 0)), box((0.07, 0.6, 0.015), (0.035, 0, 0))), STEEL)
    return asset
