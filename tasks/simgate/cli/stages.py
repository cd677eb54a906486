"""Stages here: the slots of a stage looked up in the store, and made on this machine where they are missing."""

from __future__ import annotations

from collections.abc import Sequence

from simgate.cli.child import Child, run_batches
from simgate.cli.console import console
from simgate.cli.progress import StageProgress
from simgate.core.errors import InputError, SimgateError
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, batches, slots, write_jobs
from simgate.plan.record import TaskLine
from simgate.plan.stage_end import Problem, StageEnd, record_end, stage_end
from simgate.plan.standing import Standing, standings, tried


class GateSaidNo(SimgateError):
    """A gate's verdict is FAIL: a result, kept and shown, that ends the run."""


def walk(store: Store, folder: str, stage: str, *, workers: int) -> None:
    """Bring one stage of a run to its end here, record it, and stop the run where its gate says no."""
    wanted = slots(store, folder, stage)
    before = standings(store, wanted, folder)
    missing = [item.slot for item in before if item.line is None]
    reused = len(before) - len(missing)
    with StageProgress(stage, f"{len(missing)} to make, {reused} reused") as progress:
        failed = _make(store, folder, stage, missing, workers, progress)
        elapsed_s = progress.elapsed_s
    found = standings(store, wanted, folder) if missing else before
    end = stage_end(found, tried(before), exit_code=_exit_code(failed))
    record_end(store, folder, stage, end)
    _raise_failed(stage, end, failed)
    made = sum(line.outcome == "made" for line in end.lines)
    console().print(f"[bold]{stage:9}[/] {made} made, {len(end.lines) - made} reused  {elapsed_s:6.1f} s")
    _show_verdicts(found)
    for refusal in end.refusals:
        raise GateSaidNo(str(refusal))


def _make(
    store: Store, folder: str, stage: str, missing: Sequence[Slot], workers: int, progress: StageProgress
) -> list[Child]:
    if not missing:
        return []
    keys = [write_jobs(store, folder, batch) for batch in batches(missing, workers)]
    return run_batches(stage, keys, store.url, progress.listen)


def run_slot(store: Store, folder: str, slot: Slot) -> TaskLine:
    """Bring one slot to its end here; a FAIL is shown, and ends nothing."""
    stage = slot.job.stage
    found = before = standings(store, [slot], folder)
    failed: list[Child] = []
    if before[0].line is None:
        with StageProgress(stage, "starts") as progress:
            failed = _make(store, folder, stage, [slot], 1, progress)
        found = standings(store, [slot], folder)
    end = stage_end(found, tried(before), exit_code=_exit_code(failed))
    _raise_failed(stage, end, failed)
    return end.lines[0]


def _exit_code(failed: Sequence[Child]) -> int:
    """Return the worst exit code: 2 where an input is wrong, else the first that is not 0."""
    codes = [child.wait() for child in failed]
    return InputError.exit_code if InputError.exit_code in codes else next(iter(codes), 0)


def _raise_failed(stage: str, end: StageEnd, failed: Sequence[Child]) -> None:
    """Raise the worst of what is not committed, after the last words of the processes that failed."""
    missing = [item for item in end.problems if item.kind != "refused"]
    if not missing:
        return
    for child in failed:
        for line in child.tail:
            console(stderr=True).print(f"  | {line}", markup=False)
    error = SimgateError(f"stage {stage} failed: {_said(missing[0], failed)}")
    error.exit_code = InputError.exit_code if missing[0].kind == "hopeless" else _exit_code(failed) or 1
    raise error


def _said(worst: Problem, failed: Sequence[Child]) -> str:
    """Say how a slot ended, and what its process said of it, once."""
    words = next((child.error for child in failed if child.error), "")
    return str(worst) if words in worst.reason else f"{worst}; {words}"


def _show_verdicts(found: Sequence[Standing]) -> None:
    for item in found:
        if item.verdict is not None:
            colour = "green" if item.verdict.verdict == "PASS" else "red"
            said = f"[{colour}]{item.verdict.verdict}[/] {item.slot.name}: {_metrics(item.verdict.metrics)}"
            console().print(f"          {said}")


def _metrics(metrics: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in sorted(metrics.items()) if value)
