"""python -m tests.closures: write tests/golden/closures anew, so that a review sees which keys an edit widens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from simgate.core.documents.document import Document
from simgate.core.identity.code import SOURCE_ROOT, closure
from simgate.rows.families import FAMILIES, PARTS
from simgate.rows.names import names
from simgate.rows.runtime import runtime_of
from simgate.rows.simulators import SIMULATORS
from simgate.rows.stages import STAGES

FOLDER = Path(__file__).parent / "golden/closures"


class OfFamily(Document):
    """What a spec says that names a family."""

    family: Annotated[str, names(FAMILIES)]


class Simulated(Document):
    """What a spec says that names a simulator."""

    simulator: Annotated[str, names(SIMULATORS)]


def closures() -> Iterator[tuple[str, tuple[str, ...]]]:
    """(name of the file, modules): each stage with each family and each simulator of ours that it may name."""
    for stage in STAGES.names():
        for asked in _asked(stage):
            name = ".".join((stage, *(value for item in asked for value in item.model_dump().values())))
            yield name, closure(*runtime_of(stage, *asked).modules)


def _asked(stage: str) -> Iterator[tuple[Document, ...]]:
    drives = [Simulated(simulator=row.name) for row in SIMULATORS.ours if _is_here(row.module)]
    if stage == "generate":
        yield from ((item,) for item in drives)
        return
    if stage not in PARTS:
        yield ()
        return
    for row in FAMILIES.ours:
        family = OfFamily(family=row.name)
        if stage == "evaluate" and row.commands:
            yield from ((family, item) for item in drives)
        elif stage != "hil" or row.commands:
            yield (family,)


def _is_here(module: str) -> bool:
    base = SOURCE_ROOT.joinpath(*module.split("."))
    return base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()


def text(modules: tuple[str, ...]) -> str:
    """What a file holds."""
    return "".join(f"{module}\n" for module in modules)


def main() -> None:
    """Write every file, and remove those of stages that are no more."""
    found = dict(closures())
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.txt"):
        if path.name.removesuffix(".txt") not in found:
            path.unlink()
    for name, modules in found.items():
        (FOLDER / f"{name}.txt").write_text(text(modules), encoding="utf-8")


if __name__ == "__main__":
    main()
