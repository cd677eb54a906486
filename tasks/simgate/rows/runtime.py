"""Runtime of a run: what follows from its stage's row and from the rows that its spec names."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from simgate.core.errors import InputError
from simgate.core.identity.code import code_digest
from simgate.core.identity.distribution import Distribution, distributions
from simgate.core.identity.lock import lock_digest, locked
from simgate.core.identity.runtime import Runtime
from simgate.core.runtime.stage import Stage
from simgate.core.runtime.work import Drawn, S, Share, Work
from simgate.rows.names import rows_named
from simgate.rows.row import OURS, Row
from simgate.rows.stages import STAGES


def runtime_of(stage: str, *asked: BaseModel) -> Runtime:
    """Return the code, libraries and image that a stage needs for these documents together."""
    row = STAGES.find(stage)
    named = [pair for document in asked for pair in rows_named(document)]
    rows = [row, *(found for _, found in named)]
    return Runtime(
        modules=tuple(dict.fromkeys(module for item in rows for module in item.modules_of(stage) if _is_ours(module))),
        extras=tuple(dict.fromkeys(item.extra for item in rows if item.extra)),
        image=_image(row, [found for _, found in named]),
        distributions=tuple(sorted({item.distribution for item in rows} - {OURS})),
        named={table.kind: _package(found) for table, found in named},
        cuda=partial(_cuda, tuple(item.extra for item in rows if item.extra)),
    )


def identity_of(runtime: Runtime) -> tuple[str, str, tuple[Distribution, ...]]:
    """Return code digest, lock digest and distributions, with which a job is planned."""
    return code_digest(*runtime.modules), lock_digest(*runtime.extras), distributions(runtime.distributions)


def stage_of(
    name: str,
    run: Callable[[Work[S]], None],
    report: Callable[[Drawn[S]], bytes] | None = None,
    *,
    polls_stop: bool = False,
    take_part: Callable[[Share[S]], None] | None = None,
) -> Stage[S]:
    """Return a stage as its row says, with its work and its picture."""
    spec_type = cast("type[S]", STAGES.find(name).spec_type)
    return Stage(
        name=name, spec_type=spec_type, runtime_of=partial(runtime_of, name), run=run, report=report,
        polls_stop=polls_stop, take_part=take_part,
    )  # fmt: skip


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == OURS


def _image(stage: Row, named: list[Row]) -> str:
    wanted = {row.image: row for row in named if row.image}
    if len(wanted) > 1:
        raise InputError(
            f"no image has all that {stage.name} is asked with",
            actual=", ".join(f"{row.name} runs in {image}" for image, row in sorted(wanted.items())),
            expected="one image", remedy="ask for what runs in one image",
        )  # fmt: skip
    return next(iter(wanted), stage.image)


def _package(row: Row) -> tuple[str, str]:
    return row.name, row.package or ("" if row.distribution == OURS else row.distribution)


def _cuda(extras: tuple[str, ...]) -> Mapping[str, str]:
    has_torch = any("torch" in locked(extra) for extra in extras)
    found = {"torch": _cuda_of_torch() if has_torch else "", "warp": _cuda_of_warp()}
    return {name: version for name, version in found.items() if version}


@cache
def _cuda_of_torch() -> str:
    """Read, not imported: PyTorch takes seconds to load, and this runs before the work begins."""
    try:
        path = Path(str(metadata.distribution("torch").locate_file("torch/version.py")))
        text = path.read_text(encoding="utf-8")
    except (metadata.PackageNotFoundError, OSError):
        return ""
    match = re.search(r"^cuda\b[^=\n]*= *'([^']+)'", text, re.MULTILINE)
    return match.group(1) if match else ""


def _cuda_of_warp() -> str:
    """Return the CUDA version of Warp, which its library says once Warp has started; empty before."""
    runtime = getattr(sys.modules.get("warp._src.context"), "runtime", None)
    version = getattr(runtime, "toolkit_version", None) or ()
    return ".".join(str(part) for part in version)
