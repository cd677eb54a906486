"""Layer probe: a binary layer is read in a child process first; USD's reader can hang, crash or eat all memory."""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
from pathlib import Path
from typing import Self

from pxr import Sdf

from simgate.core.errors import InputError, SimgateError
from simgate.scene.asset_use import prims_of, uses_of
from simgate.scene.diagnostics import quiet

PATIENCE_S = 60.0
MEMORY_BYTES = 3 * 1024**3
MEMORY_PER_FILE_BYTE = 8
REMEDY = "export it again"


class LayerProbe:
    """A child process that opens binary layers first, started for the first one and used for all of a scene."""

    def __init__(self, folder: Path, *, patience_s: float = PATIENCE_S) -> None:
        self._folder = folder
        self._patience_s = patience_s
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def check(self, name: str) -> None:
        """Refuse a binary layer that cannot be read whole within bounds; a text layer passes."""
        with (self._folder / name).open("rb") as file:
            if file.read(5) == b"#usda":
                return
        self._child = child = self._child or _start(self._folder)
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("the probe was started without pipes")
        child.stdin.write(json.dumps(name) + "\n")
        child.stdin.flush()
        if not select.select([child.stdout], [], [], self._patience_s)[0]:
            self._end()
            actual = f"no end within {self._patience_s:g} s"
            # Not an InputError: a starved machine looks the same, and a retry tells them apart.
            raise SimgateError(f"layer {name} hangs USD's reader", actual=actual, remedy=REMEDY)
        answer = child.stdout.readline()
        if not answer:
            self._end()
            raise InputError(
                f"layer {name} crashes USD's reader", actual=f"exit code {child.returncode}", remedy=REMEDY
            )
        if complaint := json.loads(answer):
            raise InputError(complaint)

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def _start(folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [sys.executable, "-m", "simgate.scene.layer_probe", str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    )  # fmt: skip


def _read_whole(folder: Path, name: str) -> None:
    """Touch everything that anyone will: structure, asset paths, every default value."""
    with quiet(f"layer {name}", folder):
        layer = Sdf.Layer.FindOrOpen(str(folder / name))
        for prim in prims_of(layer) if layer else ():
            for attribute in prim.attributes:
                _ = attribute.default
        if layer:
            uses_of(layer, name)


def _complaint(folder: Path, name: str) -> str:
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    room = MEMORY_BYTES + MEMORY_PER_FILE_BYTE * (folder / name).stat().st_size
    resource.setrlimit(resource.RLIMIT_AS, (room if most == resource.RLIM_INFINITY else min(room, most), most))
    try:
        _read_whole(folder, name)
    except InputError as error:
        return str(error)
    return ""


def _serve(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_complaint(folder, json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
