"""Location: from an asset path as written to files inside the scene folder, or a refusal that says where it stands."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from posixpath import normpath

from simgate.core.errors import InputError
from simgate.scene.asset_use import AssetUse

LAYERS = (".usd", ".usda", ".usdc")
PICTURES = (".png", ".jpg", ".jpeg", ".exr", ".hdr")
UDIM = "<UDIM>"

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def locate(use: AssetUse, folder: Path) -> list[str]:
    """Return the files that `use` names, relative to `folder`: one, or one per tile of a UDIM texture.

    Asset paths count from the layer that they stand in and from nowhere else: no search path, no working directory.
    An empty path means that layer itself.
    """
    if not use.path:
        return [use.layer]
    _refuse_unportable(use)
    relative = normpath(f"{use.layer}/../{use.path}")
    if relative.startswith(("..", "/")):
        raise InputError(
            f"{use} leaves the snapshot",
            actual=relative,
            expected="a path inside",
            remedy="copy the file beside the scene",
        )
    check_format(relative, str(use))
    found = _tiles(relative, folder) if UDIM in relative else [relative]
    if not found:
        raise InputError(
            f"{use} has no tile", expected=f"files such as {relative.replace(UDIM, '1001')}", remedy="add them"
        )
    for path in found:
        check_file(folder, path, str(use))
    return found


def check_format(path: str, what: str) -> None:
    """Refuse a file of a kind that the simulators do not read."""
    if not path.lower().endswith(LAYERS + PICTURES):
        suffix = "." + path.rpartition(".")[2] if "." in path else "no suffix"
        remedy = (
            "unpack the package and name its files"
            if path.lower().endswith(".usdz")
            else "use UsdPreviewSurface and plain files"
        )
        raise InputError(
            f"{what}: this file format is not supported",
            actual=suffix,
            expected=" ".join(LAYERS + PICTURES),
            remedy=remedy,
        )


def check_file(folder: Path, path: str, what: str) -> None:
    """Refuse a file that is missing, reached by a symbolic link, or no regular file."""
    place = folder
    for part in path.split("/"):
        place = place / part
        if place.is_symlink():
            raise InputError(f"{what} goes through a symbolic link", actual=path, remedy="put the file itself there")
    try:
        mode = place.stat().st_mode
    except OSError:
        raise InputError(
            f"{what} is missing", actual=f"no file {path}", remedy="add the file or remove the use"
        ) from None
    if not stat.S_ISREG(mode):
        raise InputError(f"{what} is not a file", actual=path, expected="a regular file")


def _refuse_unportable(use: AssetUse) -> None:
    path = use.path
    remedy = "write a path relative to the layer"
    if path.startswith("`"):
        raise InputError(f"{use} is a variable expression", expected="a plain path", remedy=remedy)
    if path.startswith("/"):
        raise InputError(
            f"{use} leaves the snapshot", actual="an absolute path", expected="a relative path", remedy=remedy
        )
    if ":SDF_FORMAT_ARGS:" in path:
        raise InputError(f"{use} has file format arguments", expected="a plain path", remedy=remedy)
    if _SCHEME.match(path):
        raise InputError(
            f"{use} leaves the snapshot", actual="a URL or drive", expected="a relative path", remedy=remedy
        )
    if "\\" in path or "\0" in path or "[" in path:
        raise InputError(f"{use} has a backslash or bracket in its path", expected="a plain path with /", remedy=remedy)


def _tiles(relative: str, folder: Path) -> list[str]:
    parent, _, name = relative.rpartition("/")
    before, _, after = name.partition(UDIM)
    pattern = re.compile(re.escape(before) + r"[1-9][0-9]{3}" + re.escape(after))
    place = folder / parent
    names = sorted(entry.name for entry in place.iterdir() if pattern.fullmatch(entry.name)) if place.is_dir() else []
    return [f"{parent}/{name}" if parent else name for name in names]
