"""Composition: a scene opened as one stage, whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path

from pxr import Pcp, Tf, Usd

from simgate.core.errors import InputError
from simgate.scene.diagnostics import quiet

MAX_PRIMS = 2_000_000

_INTRODUCED = re.compile(
    r"@(?P<asset>[^@]*)@(?:<[^>]*>)? (?:for \w+ )?introduced by @(?P<layer>[^@]*)@<(?P<prim>[^>]*)>"
)


def open_scene(folder: Path, root: str) -> Usd.Stage:
    """Return the stage of a scene whose closure was found; anything that USD could not compose is an InputError.

    Hold the result in a variable: prims are only valid as long as their stage lives.
    """
    folder = folder.resolve()
    with quiet(f"scene {root}", folder), Tf.DiagnosticTrap() as trap:
        stage = Usd.Stage.Open(str(folder / root), Usd.Stage.LoadAll)
        errors = (
            []
            if stage is None
            else sorted(stage.GetCompositionErrors(), key=lambda error: (str(error.rootSite), str(error)))
        )
        trap.Clear()
    if stage is None:
        raise InputError(f"scene {root} cannot be opened", expected="a USD layer")
    if errors:
        raise InputError(
            _sentence(errors[0], folder, root), actual=f"{len(errors)} composition errors", remedy="mend the layer"
        )
    if sum(1 for _ in stage.Traverse(Usd.TraverseInstanceProxies())) > MAX_PRIMS:
        raise InputError(f"scene {root} has too many prims", expected=f"at most {MAX_PRIMS}")
    return stage


def _sentence(error: Pcp.ErrorBase, folder: Path, root: str) -> str:
    text = " ".join(str(error).replace(f"{folder}/", "").split())
    site = str(error.rootSite).rpartition("<")[2].rstrip(">")
    if found := _INTRODUCED.search(text):
        where = f"asset @{found['asset']}@ of prim {found['prim']} of layer {found['layer']}"
        return f"{where} does not compose in scene {root}: {text}"
    return f"prim {site} of scene {root} does not compose: {text}"
