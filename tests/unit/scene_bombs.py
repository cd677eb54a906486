"""Hostile scenes: each bomb is a few bytes or kilobytes that once cost gigabytes, minutes or a traceback."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.unit.scene_planting import ROOT, edit, plant, write

HEAD = '#usda 1.0\n(\n    defaultPrim = "World"\n    metersPerUnit = 1\n    upAxis = "Z"\n)\n\n'
CHAIR, WOOD = "props/chair.usda", "textures/wood.png"
HUGE_PX = 60_000


def _layer(text: str) -> Callable[[Path], None]:
    return lambda folder: write(folder, CHAIR, HEAD.replace("World", "Chair") + text)


def _nested_tuples() -> str:
    deep = 100_000
    return 'def "Chair"\n{\n    float3 a = ' + "(" * deep + "1" + ")" * deep + "\n}\n"


def _nested_dictionaries() -> str:
    deep = 100_000
    inside = "dictionary d = { " * deep + "int a = 1 " + "} " * deep
    return 'def "Chair" (\n    customData = { ' + inside + "}\n)\n{\n}\n"


def _multiplying(arc: str) -> str:
    """Each level brings in the one below it ten times: 10 ** 9 prims."""
    levels = []
    for level in range(9):
        children = "".join(f'    def "c{i}" ({arc} = </L{level + 1}>) {{}}\n' for i in range(10))
        levels.append(f'class "L{level}"\n{{\n{children}}}\n')
    return "".join(levels) + f'class "L9"\n{{\n}}\ndef Xform "Chair" ({arc} = </L0>)\n{{\n}}\n'


def _many_prims() -> str:
    return 'def "Chair"\n{\n' + "".join(f'    def "p{i}" {{}}\n' for i in range(400_000)) + "}\n"


def _sparse_array() -> str:
    counts = "        int[] faceVertexCounts = [2000000000]\n        int[] faceVertexIndices = [0, 1, 2]\n"
    points = "        point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0)]\n"
    return 'def Xform "Chair"\n{\n    def Mesh "Body"\n    {\n' + counts + points + "    }\n}\n"


def _random_after_magic(folder: Path) -> None:
    text = (folder / ROOT).read_text(encoding="utf-8").replace("chair.usda", "chair.usdc")
    write(folder, ROOT, text)
    (folder / "props/chair.usdc").write_bytes(b"PXR-USDC" + bytes((i * 197 + 13) % 256 for i in range(4096)))


def _latin_1(folder: Path) -> None:
    text = (HEAD.replace("World", "Chair") + 'def "Chair"\n{\n    string s = "gr').encode()
    (folder / CHAIR).write_bytes(text + b"\xfc\xdf\xe9" + b'"\n    def "caf\xe9" {}\n}\n')


def _newline_name(folder: Path) -> None:
    edit(folder, ROOT, "@../props/chair.usda@\n", "@../props/cha\nir.usda@\n")


def _long_path(folder: Path) -> None:
    name = "/".join(["d" * 200] * 3)
    edit(folder, ROOT, "@../props/chair.usda@\n", f"@../props/{name}/chair.usda@\n")
    write(folder, f"props/{name}/chair.usda", (folder / CHAIR).read_text().replace("../tex", "../../../../tex"))


def _truncated(folder: Path) -> None:
    data = (folder / WOOD).read_bytes()
    (folder / WOOD).write_bytes(data[: len(data) // 2])


def _huge_png(folder: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", HUGE_PX, HUGE_PX, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (folder / WOOD).write_bytes(data)


def _rename_wood(folder: Path, suffix: str, data: bytes) -> None:
    (folder / f"textures/wood{suffix}").write_bytes(data)
    for prop in (CHAIR, "props/heater.usda"):
        edit(folder, prop, "wood.png", f"wood{suffix}")


def _huge_jpg(folder: Path) -> None:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, HUGE_PX, HUGE_PX, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    _rename_wood(folder, ".jpg", b"\xff\xd8" + frame + b"\xff\xd9")


def _petabytes_exr(folder: Path) -> None:
    window = b"dataWindow\0box2i\0" + struct.pack("<i4i", 16, 0, 0, 2_000_000_000, 2_000_000_000)
    _rename_wood(folder, ".exr", b"\x76\x2f\x31\x01\x02\0\0\0" + window + bytes(100))


def _huge_hdr(folder: Path) -> None:
    _rename_wood(folder, ".hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 60000 +X 60000\n")


def _nan_place(folder: Path) -> None:
    edit(folder, ROOT, "xformOp:translate = (1, 0, 0)", "xformOp:translate = (1, nan, 0)")


def _vast_floor(folder: Path) -> None:
    corners = "[(-1000000, -1000000, 0), (1000000, -1000000, 0), (1000000, 1000000, 0), (-1000000, 1000000, 0)]"
    edit(folder, ROOT, "[(-3, -3, 0), (3, -3, 0), (3, 3, 0), (-3, 3, 0)]", corners)
    edit(folder, ROOT, "[(-3, -3, 0), (3, 3, 0)]", "[(-1000000, -1000000, 0), (1000000, 1000000, 0)]")


def _timed_points(folder: Path) -> None:
    edit(folder, CHAIR, "points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]",
         "points.timeSamples = { 0: [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)] }")  # fmt: skip


BOMBS: dict[str, tuple[Callable[[Path], None], str]] = {
    "nested tuples": (_layer(_nested_tuples()), CHAIR),
    "nested dictionaries": (_layer(_nested_dictionaries()), CHAIR),
    "inherits": (_layer(_multiplying("inherits")), CHAIR),
    "specializes": (_layer(_multiplying("specializes")), CHAIR),
    "400 k prims": (_layer(_many_prims()), CHAIR),
    "a face of 2 billion corners": (_layer(_sparse_array()), "room"),
    "random bytes after the magic": (_random_after_magic, "props/chair.usdc"),
    "latin-1": (_latin_1, CHAIR),
    "a newline in a name": (_newline_name, ROOT),
    "a path of 600 characters": (_long_path, "d" * 200),
    "a NaN transform": (_nan_place, "/World/Furniture/ChairA/Body"),
    "a floor of 2,000 km": (_vast_floor, "the floor is too large"),
    "points in time samples only": (_timed_points, "/World/Furniture/Chair"),
    "a truncated picture": (_truncated, WOOD),
    "60k × 60k PNG": (_huge_png, WOOD),
    "60k × 60k JPG": (_huge_jpg, "textures/wood.jpg"),
    "petabytes of EXR": (_petabytes_exr, "textures/wood.exr"),
    "60k × 60k HDR": (_huge_hdr, "textures/wood.hdr"),
}
"""What to do to the healthy scene, and what the error has to name."""


def bomb(folder: Path, name: str) -> Path:
    """Plant the healthy scene and one bomb in it."""
    BOMBS[name][0](plant(folder))
    return folder
