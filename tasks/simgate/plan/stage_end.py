"""StageEnd: how a stage's slots ended: made, reused, refused by a gate, or failed. Decided here, and nowhere else.

`simgate run`, `simgate pipeline` and Airflow ask this after their processes ended, and translate the answer: into an
exit code, into an exception of Airflow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError
from simgate.core.storage.store import Store
from simgate.plan.record import TaskLine, record_task
from simgate.plan.slot_name import SlotName
from simgate.plan.standing import NOT_BEGUN, Standing

NOTHING_BEFORE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Problem:
    """A slot that ended without success."""

    kind: Literal["refused", "hopeless", "failed"]
    """`refused`: a gate said FAIL, which is a result; `hopeless`: no retry can help; `failed`: a retry may."""
    slot: SlotName
    reason: str

    def __str__(self) -> str:
        return f"{self.slot}: {self.reason}"


@dataclass(frozen=True, slots=True)
class StageEnd:
    """The end of a stage: what its slots are, and what is wrong with them."""

    lines: tuple[TaskLine, ...]
    """Committed runs, each made or reused; refused ones too."""
    problems: tuple[Problem, ...]
    """Refusals first, then what no retry can help, then the rest. Empty for a success."""
    warnings: tuple[Problem, ...]
    """FAIL verdicts that only inform."""

    @property
    def refusals(self) -> tuple[Problem, ...]:
        """Gates that said FAIL."""
        return tuple(item for item in self.problems if item.kind == "refused")


def stage_end(
    found: Sequence[Standing], before: frozenset[str] = NOTHING_BEFORE, *, exit_code: int | None = None,
    informs: bool = False,
) -> StageEnd:  # fmt: skip
    """Judge slots by how they stand in the store.

    `before` names attempts that were there before the work. `exit_code` is the process's, None where nobody knows it;
    it can make a failure hopeless, never a success. `informs`: every verdict here only informs.
    """
    said_no = [item for item in found if item.failed_gate]
    refused = [_refusal(item) for item in said_no if not (informs or item.informs)]
    missing = [_missing(item, before, exit_code) for item in worst_first(found, before)]
    return StageEnd(
        lines=tuple(lines(found)),
        problems=(*refused, *missing),
        warnings=tuple(_refusal(item) for item in said_no if informs or item.informs),
    )


def record_end(store: Store, folder: str, task: str, end: StageEnd) -> tuple[ManifestRef, ...]:
    """Keep what a task made or reused in the run's record, refused runs too; return the committed runs."""
    if end.lines:
        record_task(store, folder, task, end.lines)
    return tuple(line.ref for line in end.lines)


def lines(found: Iterable[Standing]) -> list[TaskLine]:
    """Return the committed lines of several slots."""
    return [item.line for item in found if item.line is not None]


def worst_first(found: Sequence[Standing], before: frozenset[str]) -> list[Standing]:
    """Return the slots that are not committed, those that no retry can mend first."""
    return sorted((item for item in found if item.line is None), key=lambda item: not item.hopeless(before))


def _refusal(item: Standing) -> Problem:
    reasons = "; ".join(item.verdict.reasons) if item.verdict else ""
    kept = item.line.ref.uri if item.line else ""
    return Problem("refused", item.slot.name, f"verdict FAIL: {reasons} (kept: {kept})")


def _missing(item: Standing, before: frozenset[str], exit_code: int | None) -> Problem:
    if reason := item.hopeless(before):
        return Problem("hopeless", item.slot.name, reason)
    ending = item.ending(before)
    if ending == NOT_BEGUN and exit_code == InputError.exit_code:
        return Problem("hopeless", item.slot.name, "refused before an attempt was begun; see the log above")
    return Problem("failed", item.slot.name, ending)
