"""Picture: a texture's size is read from its header, and its pixels are decoded once, before a simulator sees it."""

from __future__ import annotations

import re
import struct
import warnings
from pathlib import Path

from PIL import Image

from simgate.core.errors import InputError

MAX_SIDE_PX = 16_384
MAX_PIXELS = 1 << 26
HEAD_BYTES = 1 << 22
MAGIC = {".exr": b"\x76\x2f\x31\x01", ".hdr": b"#?"}
EXR_WINDOW = b"dataWindow\0box2i\0"
"""Followed by the value's size and four integers: smallest and largest x and y (OpenEXR file layout)."""
HDR_SIZE = re.compile(rb"\n[-+]Y (\d{1,9}) [-+]X (\d{1,9})\n")


def check_picture(path: Path, name: str) -> None:
    """Refuse a picture that is damaged or larger than any simulator could hold."""
    suffix = path.suffix.lower()
    if suffix in MAGIC:
        _check_size(_floating_size(path, suffix, name), name)
        return
    try:
        with warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning):
            picture = Image.open(path, formats=("PNG", "JPEG"))
        with picture:
            _check_size(picture.size, name)
            picture.load()
    except Image.DecompressionBombError as error:
        raise _too_large(name, " ".join(re.findall(r"\d+ pixels", str(error))[:1])) from None
    except InputError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever they stumble over.
        raise _damaged(name, " ".join(str(error).split()).replace(str(path), name)) from None


def _floating_size(path: Path, suffix: str, name: str) -> tuple[int, int]:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.startswith(MAGIC[suffix]):
        raise _damaged(name, f"no {suffix} file by its first bytes")
    if suffix == ".hdr" and (found := HDR_SIZE.search(head)):
        return int(found[2]), int(found[1])
    at = head.find(EXR_WINDOW)
    if suffix == ".exr" and 0 <= at < len(head) - len(EXR_WINDOW) - 20:
        left, top, right, bottom = struct.unpack_from("<4i", head, at + len(EXR_WINDOW) + 4)
        return right - left + 1, bottom - top + 1
    raise _damaged(name, "no size in its header")


def _check_size(size_px: tuple[int, int], name: str) -> None:
    width, height = size_px
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX and width * height <= MAX_PIXELS):
        raise _too_large(name, f"{width} × {height} pixels")


def _too_large(name: str, actual: str) -> InputError:
    return InputError(
        f"picture {name} is too large",
        actual=actual,
        expected=f"at most {MAX_SIDE_PX} a side and {MAX_PIXELS} in all",
        remedy="save it smaller",
    )


def _damaged(name: str, actual: str) -> InputError:
    return InputError(f"picture {name} cannot be read", actual=actual[:200], remedy="save it again")
