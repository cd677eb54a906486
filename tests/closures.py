"""python -m tests.closures: write tests/golden/closures anew, so that a review sees which keys an edit widens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simgate.core.identity.code import closure
from simgate.rows.runtime import runtime_of
from simgate.rows.simulators import SIMULATORS
from simgate.rows.stages import STAGES
from simgate.specs.generate import SimulationSpec

FOLDER = Path(__file__).parent / "golden/closures"
SIMULATES = ("generate", "evaluate")
"""Stages whose spec names a simulator."""


def closures() -> Iterator[tuple[str, tuple[str, ...]]]:
    """(name of the file, modules): each stage, and those that simulate once for each simulator that is here."""
    for stage in STAGES.names():
        if stage not in SIMULATES:
            yield stage, closure(*runtime_of(stage).modules)
            continue
        for row in SIMULATORS.ours:
            asked = SimulationSpec(
                simulator=row.name, simulator_version="1", device="cpu", dataset_seed=1, classes=("chair",)
            )
            if (Path(__file__).parents[1] / "tasks" / f"{row.module.replace('.', '/')}.py").is_file():
                yield f"{stage}.{row.name}", closure(*runtime_of(stage, asked).modules)


def text(modules: tuple[str, ...]) -> str:
    """What a file holds."""
    return "".join(f"{module}\n" for module in modules)


def main() -> None:
    """Write every file, and remove those of stages that are no more."""
    found = dict(closures())
    for path in FOLDER.glob("*.txt"):
        if path.stem not in found:
            path.unlink()
    FOLDER.mkdir(exist_ok=True)
    for name, modules in found.items():
        (FOLDER / f"{name}.txt").write_text(text(modules), encoding="utf-8")


if __name__ == "__main__":
    main()
