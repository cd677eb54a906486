"""Closure: every file that a scene needs, all of them inside its folder, found before any simulation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pxr import Sdf, UsdUtils

from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.errors import InputError
from simgate.documents.scene import ClosureFile
from simgate.scene.arc import arc_of, check_arcs
from simgate.scene.asset_use import AssetUse, uses_of
from simgate.scene.depth import check_prim_depth, check_text_depth
from simgate.scene.diagnostics import quiet
from simgate.scene.layer_probe import LayerProbe
from simgate.scene.layer_stack import layer_stacks
from simgate.scene.location import LAYERS, check_file, check_format, locate

MAX_FILES = 20_000
MAX_LAYER_BYTES = 500_000_000
"""A layer is parsed into memory; a picture is not."""


def find_closure(folder: Path, root: str, *, max_bytes: int) -> tuple[str, ...]:
    """Return the sorted paths, relative to `folder`, of the root layer and of everything it depends on.

    Sublayers, references, payloads, unselected variants, textures and their UDIM tiles. Refused, naming prim, layer and
    asset path: what is missing or leaves the folder, a prim that is not there, a cycle, an unknown format, too much.
    """
    folder = folder.resolve()
    if PurePosixPath(root).is_absolute() or ".." in PurePosixPath(root).parts:
        raise InputError("a root layer leaves the snapshot", actual=root, expected="a relative path inside")
    check_format(root, f"root layer {root}")
    check_file(folder, root, f"root layer {root}")
    with LayerProbe(folder) as probe, quiet(f"scene {root}", folder):
        search = _Search(folder, max_bytes, probe)
        search.add(root)
        search.walk()
        search.check_arcs(root)
        search.cross_check(root)
    return tuple(sorted(search.files))


def closure_digest(files: Iterable[ClosureFile]) -> str:
    """Return SHA-256 of the canonical JSON {path: sha256}: tells scenes apart by content."""
    return sha256_hex(canonical_json({file.path: file.sha256 for file in files}))


class _Search:
    """Collects the files of a scene; opens none before its path, kind and size were checked."""

    def __init__(self, folder: Path, max_bytes: int, probe: LayerProbe) -> None:
        self._folder = folder
        self._room_bytes = max_bytes
        self._probe = probe
        self.files: dict[str, None] = {}
        self._layers: dict[str, Sdf.Layer] = {}
        self._waiting: list[str] = []
        self._located: list[tuple[AssetUse, str]] = []

    def add(self, path: str) -> None:
        """Count one file in; a layer is opened later."""
        if path in self.files:
            return
        size_bytes = (self._folder / path).stat().st_size
        self._room_bytes -= size_bytes
        if self._room_bytes < 0:
            raise InputError(
                f"the scene's files are too large at {path}",
                actual=f"{size_bytes} bytes more",
                remedy="raise max_closure_bytes",
            )
        if len(self.files) >= MAX_FILES:
            raise InputError("the scene has too many files", expected=f"at most {MAX_FILES}")
        self.files[path] = None
        if path.lower().endswith(LAYERS):
            if size_bytes > MAX_LAYER_BYTES:
                raise InputError(
                    f"layer {path} is too large", actual=size_bytes, expected=f"at most {MAX_LAYER_BYTES} bytes"
                )
            self._waiting.append(path)

    def walk(self) -> None:
        """Open every layer that is waiting, and those that it names."""
        while self._waiting:
            path = self._waiting.pop()
            check_text_depth(self._folder / path, path)
            self._probe.check(path)
            with quiet(f"layer {path}", self._folder):
                layer = Sdf.Layer.FindOrOpen(str(self._folder / path))
            if not layer:
                raise InputError(f"layer {path} cannot be read", expected="a USD layer")
            check_prim_depth(layer, path)
            self._layers[path] = layer
            for use in uses_of(layer, path):
                for file in locate(use, self._folder):
                    self.add(file)
                    self._located.append((use, file))

    def check_arcs(self, root: str) -> None:
        """Check that every reference and payload finds its prim, and none leads back to itself."""
        stacks = layer_stacks({path: self._sublayers(path) for path in self._layers})
        arcs = [arc_of(use, self._target(use, file, stacks)) for use, file in self._located if use.is_arc]
        check_arcs(arcs, stacks[root])

    def cross_check(self, root: str) -> None:
        """Compare with USD's own dependency finder; files that only it knows (value clips) are added under the same
        rules.
        """
        layers, assets, unresolved = UsdUtils.ComputeAllDependencies(Sdf.AssetPath(str(self._folder / root)))
        if unresolved:
            raise InputError(
                f"scene {root} has a broken asset path", actual=f"@{sorted(unresolved)[0]}@", remedy="add the file"
            )
        for found in sorted({*(layer.realPath for layer in layers), *assets}):
            path = Path(found)
            if not path.is_relative_to(self._folder):
                raise InputError(
                    f"scene {root} leaves the snapshot", actual=f"@{found}@", remedy="copy the file beside the scene"
                )
            relative = path.relative_to(self._folder).as_posix()
            check_format(relative, f"scene {root}")
            check_file(self._folder, relative, f"scene {root}")
            self.add(relative)

    def _sublayers(self, layer: str) -> list[str]:
        return [file for use, file in self._located if use.kind == "sublayer" and use.layer == layer]

    def _target(self, use: AssetUse, file: str, stacks: dict[str, tuple[str, ...]]) -> list[tuple[str, Sdf.Layer]]:
        """Return the layers that an arc reaches into: without a file, the stack of its own layer."""
        names = stacks[file] if use.path else [part for stack in stacks.values() if file in stack for part in stack]
        return [(name, self._layers[name]) for name in dict.fromkeys([file, *names])]
