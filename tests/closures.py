"""python -m tests.closures: write tests/golden/closures anew, so that a review sees which keys an edit widens."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel

from simgate.core.identity.code import closure
from simgate.rows.engines import ENGINES
from simgate.rows.families import FAMILIES
from simgate.rows.names import names
from simgate.rows.row import Table
from simgate.rows.runtime import runtime_of
from simgate.rows.simulators import SIMULATORS
from simgate.rows.stages import STAGES

FOLDER = Path(__file__).parent / "golden/closures"
TASKS = Path(__file__).parents[1] / "tasks"


class Simulated(BaseModel):
    """The part of a spec that names a simulator."""

    row: Annotated[str, names(SIMULATORS)]


class Modelled(BaseModel):
    """The part of a spec that names a model family."""

    row: Annotated[str, names(FAMILIES)]


class Built(BaseModel):
    """The part of a spec that names an engine target."""

    row: Annotated[str, names(ENGINES)]


NAMED: dict[str, tuple[type[BaseModel], ...]] = {
    "generate": (Simulated,), "train": (Modelled,), "evaluate": (Modelled, Simulated), "export": (Modelled, Built),
    "hil": (Modelled, Built),
}  # fmt: skip
"""What the stages' specs name."""
TABLES: dict[type[BaseModel], Table[Any]] = {Simulated: SIMULATORS, Modelled: FAMILIES, Built: ENGINES}


def closures() -> Iterator[tuple[str, tuple[str, ...]]]:
    """(name of the file, modules): each stage, with each of our rows that its spec may name and that is here."""
    for stage in STAGES.names():
        for parts in product(*(_here(part) for part in NAMED.get(stage, ()))):
            if STAGES.find(stage).drives and not all(_commands(part) for part in parts):
                continue
            name = ".".join((stage, *(str(part.model_dump()["row"]) for part in parts)))
            yield name, closure(*runtime_of(stage, *parts).modules)


def _commands(part: BaseModel) -> bool:
    return not isinstance(part, Modelled) or FAMILIES.find(part.row).commands


def _here(part: type[BaseModel]) -> list[BaseModel]:
    places = [(row.name, TASKS / row.module.replace(".", "/")) for row in TABLES[part].ours]
    return [part(row=name) for name, path in places if path.is_dir() or path.with_suffix(".py").is_file()]


def text(modules: tuple[str, ...]) -> str:
    """What a file holds."""
    return "".join(f"{module}\n" for module in modules)


def main() -> None:
    """Write every file, and remove those of stages that are no more."""
    found = dict(closures())
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.txt"):
        path.unlink()
    for name, modules in found.items():
        (FOLDER / f"{name}.txt").write_text(text(modules), encoding="utf-8")


if __name__ == "__main__":
    main()
