"""RunResults: what a DAG run made, reused or failed at, from its RunRecord and the attempts made for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from simgate.core.errors import SimgateError
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.job import Job
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.many import at_once
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, slots_of
from simgate.plan.record import DatasetWhy, ReleaseWhy, TaskLine, TaskLines, find_why, record_folder
from simgate.plan.slot_name import SlotName
from simgate.plan.standing import Standing, standing
from simgate_airflow.gate.figures import figures
from simgate_airflow.run.run_record import run_name

MAX_READ = 24
"""Results of one stage whose verdict and figures are read for a page; the others are listed with their link."""
MAX_JOBS = 64
"""Jobs of one stage that are looked up while they are not recorded yet."""


@dataclass(frozen=True, slots=True)
class Result:
    """One slot's outcome."""

    slot: SlotName
    outcome: str
    """`made`, `reused`, or how an attempt ended."""
    uri: str
    """A file of the attempt."""
    verdict: str = ""
    figures: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    """Of a FAIL, of a failure, or of damage."""

    @property
    def stage(self) -> str:
        """Stage that it is of."""
        return self.slot.stage


@dataclass(frozen=True, slots=True)
class RunResults:
    """The results of one run; the store answers every question about them."""

    store: Store
    folder: str
    why: DatasetWhy | ReleaseWhy

    def recorded(self) -> dict[str, list[TaskLine]]:
        """Return the last line of each slot by task (`generate.3`, `generate.reused`)."""
        keys = self.store.keys(f"{self.folder}/tasks")
        documents = at_once(lambda key: TaskLines.from_json(self.store.get(key), what=key), keys)
        newest: dict[str, dict[SlotName, TaskLine]] = {}
        for key, document in sorted(zip(keys, documents, strict=True), key=lambda pair: _number(pair[0])):
            task = key.rpartition("/")[2].removesuffix(".json").rpartition(".")[0]
            newest.setdefault(task, {}).update({line.slot: line for line in document.lines})
        return {task: list(by_slot.values()) for task, by_slot in newest.items()}

    def of(self, lines: Sequence[TaskLine]) -> list[Result]:
        """Read the results of recorded lines, with verdict and figures of the first MAX_READ."""
        read = at_once(lambda line: _read(self.store, line), lines[:MAX_READ])
        return [*read, *(_bare(line) for line in lines[MAX_READ:])]

    def open_of(self, stage: str, known: Sequence[TaskLine]) -> list[Result]:
        """Return the attempts of a stage that no task recorded: committed a moment ago, running, failed or killed."""
        recorded = {tuple(line.ref.uri.split("/")[:4]) for line in known}
        slots = self._slots(stage)
        found = [self._standing(slots, job) for job in self._jobs(stage)]
        pending = [item for item in found if item is not None and _prefix(item) not in recorded]
        return [result for item in pending for result in _results(self.store, item)]

    def _jobs(self, stage: str) -> list[Job]:
        keys = [key for key in self.store.keys(f"{self.folder}/jobs") if key.rpartition("/")[2].startswith(f"{stage}-")]
        return at_once(lambda key: Job.from_json(self.store.get(key), what=key), keys[:MAX_JOBS])

    def _slots(self, stage: str) -> Sequence[Slot]:
        with suppress(SimgateError):  # what comes before is not committed, or this code is not the run's
            return slots_of(self.store, self.why, stage)
        return ()

    def _standing(self, slots: Sequence[Slot], job: Job) -> Standing | None:
        name = next((slot.name for slot in slots if slot.job == job), SlotName(stage=job.stage))
        with suppress(SimgateError):  # an input that is gone or damaged: what was made of it cannot be found
            return standing(self.store, Slot(name, job), self.folder)
        return None


def results_of(store: Store, domain: str, dag_id: str, run_id: str) -> RunResults | None:
    """Return the results of a DAG run; None before its plan was written, and where another run has its folder."""
    name = run_name(dag_id, run_id)
    folder = record_folder(domain, name)
    why = find_why(store, folder)
    return RunResults(store, folder, why) if why is not None and why.run == name else None


def task_lines_of(recorded: dict[str, list[TaskLine]], task_id: str, map_index: int) -> list[TaskLine]:
    """Return the lines of one task. -1 stands for the whole task: all its mapped ones, and the slots reused before the
    mapping.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", task_id)
    if map_index >= 0:
        return recorded.get(f"{name}.{map_index}", [])
    whole = re.compile(rf"{re.escape(name)}(\.([0-9]+|reused))?")
    return [line for task, lines in recorded.items() if whole.fullmatch(task) for line in lines]


def _number(key: str) -> int:
    number = key.removesuffix(".json").rpartition(".")[2]
    return int(number) if number.isdecimal() else 0


def _bare(line: TaskLine) -> Result:
    return Result(line.slot, line.outcome, line.ref.uri)


def _read(store: Store, line: TaskLine) -> Result:
    try:
        manifest = read_manifest(store, line.ref)
        verdict = read_verdict(store, manifest)
    except SimgateError as error:
        return Result(line.slot, line.outcome, line.ref.uri, verdict="damaged", reasons=(str(error),))
    return Result(
        line.slot, line.outcome, line.ref.uri, verdict=verdict.verdict if verdict else "",
        figures=figures(store, manifest, verdict), reasons=verdict.reasons if verdict else (),
    )  # fmt: skip


def _prefix(item: Standing) -> tuple[Any, ...]:
    uri = item.line.ref.uri if item.line else item.tries[0].folder if item.tries else ""
    return tuple(uri.split("/")[:4])


def _results(store: Store, item: Standing) -> Iterator[Result]:
    if item.line is not None:
        yield _read(store, item.line)
    for attempt in item.tries:
        failure = attempt.failure
        outcome = "running or killed" if failure is None else f"{failure.error}, exit code {failure.exit_code}"
        said = (failure.message,) if failure else ()
        yield Result(item.slot.name, outcome, f"{attempt.folder}/started.json", reasons=said)
