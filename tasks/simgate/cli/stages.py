"""Stages here: the slots of a stage looked up in the store, and made on this machine where they are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from simgate.cli.child import Child, run_batches
from simgate.cli.console import console
from simgate.cli.progress import StageProgress
from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError, SimgateError
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, batches, find, slots, write_jobs
from simgate.plan.record import TaskLine, record_task


@dataclass(frozen=True, slots=True)
class Made:
    """One slot's committed run."""

    slot: Slot
    ref: ManifestRef
    outcome: Literal["made", "reused"]


class GateSaidNo(SimgateError):
    """A gate's verdict is FAIL: a result, kept and shown, that ends the run."""


def walk(store: Store, folder: str, stage: str, *, workers: int) -> tuple[Made, ...]:
    """Bring one stage of a run to its end here, record it, and stop the run where its gate says no."""
    wanted = slots(store, folder, stage)
    before = {slot.name for slot in wanted if find(store, slot) is not None}
    missing = [slot for slot in wanted if slot.name not in before]
    with StageProgress(stage, f"{len(missing)} to make, {len(before)} reused") as progress:
        failed = _make(store, folder, stage, missing, workers, progress)
        elapsed_s = progress.elapsed_s
    _raise_failed(stage, failed)
    made = tuple(_look_up(store, slot, slot.name in before) for slot in wanted)
    lines = [TaskLine(slot=item.slot.name, ref=item.ref, outcome=item.outcome) for item in made]
    record_task(store, folder, stage, lines)
    console().print(f"[bold]{stage:9}[/] {len(missing)} made, {len(before)} reused  {elapsed_s:6.1f} s")
    judge(store, made)
    return made


def _make(
    store: Store, folder: str, stage: str, missing: Sequence[Slot], workers: int, progress: StageProgress
) -> list[Child]:
    if not missing:
        return []
    keys = [write_jobs(store, folder, batch) for batch in batches(missing, workers)]
    return run_batches(stage, keys, store.url, progress.listen)


def run_slot(store: Store, folder: str, slot: Slot) -> Made:
    """Bring one slot to its end here; a FAIL is shown, and ends nothing."""
    was_there = find(store, slot) is not None
    stage = slot.job.stage
    if not was_there:
        with StageProgress(stage, "starts") as progress:
            failed = run_batches(stage, [write_jobs(store, folder, [slot])], store.url, progress.listen)
        _raise_failed(stage, failed)
    return _look_up(store, slot, was_there)


def _raise_failed(stage: str, failed: Sequence[Child]) -> None:
    if not failed:
        return
    for child in failed:
        for line in child.tail:
            console(stderr=True).print(f"  | {line}", markup=False)
    said = next((child.error for child in failed if child.error), "it was killed, or said nothing")
    error = SimgateError(f"stage {stage} failed: {said}")
    error.exit_code = 2 if any(child.wait() == InputError.exit_code for child in failed) else failed[0].wait()
    raise error


def _look_up(store: Store, slot: Slot, was_there: bool) -> Made:
    ref = find(store, slot)
    if ref is None:
        raise SimgateError(f"{slot.name} ended without committing anything", remedy="look at its attempt in the store")
    return Made(slot, ref, "reused" if was_there else "made")


def judge(store: Store, made: Sequence[Made]) -> None:
    """Raise GateSaidNo with the reasons of the first FAIL; the live model's own evaluation is a yardstick, no gate."""
    for item in made:
        verdict = read_verdict(store, read_manifest(store, item.ref))
        if verdict is None:
            continue
        colour = "green" if verdict.verdict == "PASS" else "red"
        console().print(f"          [{colour}]{verdict.verdict}[/] {item.slot.name}: {_metrics(verdict.metrics)}")
        if verdict.verdict == "FAIL" and item.slot.name.subject != "live":
            raise GateSaidNo(f"{item.slot.name} says FAIL: {'; '.join(verdict.reasons)}")


def _metrics(metrics: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in sorted(metrics.items()) if value)
