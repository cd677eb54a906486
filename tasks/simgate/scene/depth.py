"""Depth: how deep a layer nests. USD's parser and composition recurse: a hostile layer could overflow their stack."""

from __future__ import annotations

import re
from pathlib import Path

from pxr import Sdf

from simgate.core.errors import InputError
from simgate.scene.asset_use import prims_of

MAX_DEPTH = 500
MAX_TUPLES = 30
"""Brackets right after each other; USD's own values need four."""

_OPEN, _CLOSE = b"{", b"}"
_TUPLES = re.compile(rb"[(\[](?:\s*[(\[]){%d}" % MAX_TUPLES)
_TOKEN = re.compile(rb"""\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*|[{}]""", re.DOTALL)


def check_text_depth(path: Path, name: str) -> None:
    """Refuse a text layer that nests too deep, before USD parses it; a binary layer passes."""
    with path.open("rb") as file:
        data = file.read() if file.read(5) == b"#usda" else b""
    if _TUPLES.search(data):
        raise _too_deep(name)
    if data.count(_OPEN) <= MAX_DEPTH:
        return
    depth = 0
    for token in _TOKEN.finditer(data):
        depth += {_OPEN: 1, _CLOSE: -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            raise _too_deep(name)


def check_prim_depth(layer: Sdf.Layer, name: str) -> None:
    """Refuse a layer, text or binary, whose prims nest too deep."""
    if any(prim.path.pathElementCount > MAX_DEPTH for prim in prims_of(layer)):
        raise _too_deep(name)


def _too_deep(name: str) -> InputError:
    return InputError(f"layer {name} nests too deep", expected=f"at most {MAX_DEPTH} levels", remedy="flatten it")
