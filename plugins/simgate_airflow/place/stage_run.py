"""StageRun: the slots of one task, how they stand before and after, and what the task makes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from simgate.core.documents.canonical import canonical_json
from simgate.core.errors import InputError
from simgate.core.storage.store import Store
from simgate.plan import jobs
from simgate.plan.jobs import Slot
from simgate.plan.stage_end import StageEnd, record_end, stage_end
from simgate.plan.standing import Standing, standings, tried
from simgate_airflow.run.last_line import last_line
from simgate_airflow.run.run_record import domain_of, folder_of, why_of
from simgate_airflow.stores import open_store
from simgate_airflow.ui.address import task_url

if TYPE_CHECKING:
    from airflow.sdk import Context


def planned_slots(store: Store, context: Context, stage: str) -> tuple[Slot, ...]:
    """Return a stage's slots in the run of `context`."""
    if why_of(store, context) is None:
        raise InputError("this run has no plan", remedy="its first task, `plan`, writes it")
    return jobs.slots(store, folder_of(context), stage)


class StageRun:
    """The slots of one task; the store answers every question about them."""

    def __init__(
        self, context: Context, slots: Callable[[Store, Context], tuple[Slot, ...]], batch: Sequence[Any] | None,
        *, informs: bool, came_back: bool = False,
    ) -> None:  # fmt: skip
        self._store = open_store("planner", domain_of(context))
        self._folder = folder_of(context)
        self._task = _task_name(context)
        self._page = _task_page(context)
        self._informs = informs
        self._slots = _chosen(slots(self._store, context), batch)
        self._found: list[Standing] = []
        self.look()
        # After a deferral every attempt of this run may be this task's own.
        self._before = frozenset[str]() if came_back else tried(self._found)

    def look(self) -> None:
        """Read anew how every slot stands: key recomputed, memo and verdict read."""
        self._found = standings(self._store, self._slots, self._folder)

    @property
    def missing(self) -> list[Standing]:
        """Slots that are not committed."""
        return [item for item in self._found if item.line is None]

    @property
    def label(self) -> str:
        """A short name for the user interface."""
        names = [str(slot.name) for slot in self._slots]
        more = f" +{len(names) - 1}" if len(names) > 1 else ""
        return names[0] + more if names else "nothing to do"

    def described(self) -> Iterator[str]:
        """Yield one line for each slot: reused, or to be made."""
        for item in self._found:
            yield f"{item.slot.name}: " + (f"reused: {item.line.ref.uri}" if item.line else "to be made")

    @property
    def image(self) -> str:
        """Name of the one image in which everything that is missing runs."""
        found = {jobs.image_of(item.slot) for item in self.missing}
        if len(found) > 1:
            raise InputError("one task's runs need several images", actual=" and ".join(sorted(found)), expected="one")
        return next(iter(found), "")

    def write_jobs(self) -> tuple[str, ...]:
        """Write the jobs of missing slots and return their keys, for `--job`."""
        return jobs.write_jobs(self._store, self._folder, [item.slot for item in self.missing])

    def warnings(self) -> Iterator[str]:
        """Yield FAIL verdicts that only inform."""
        yield from (f"{item}; it informs and fails nothing here" for item in self._end().warnings)

    def last_line(self) -> str:
        """Write verdict, two figures, and the page to read."""
        return last_line(self._store, self._found, self._page)

    def conclude(self, exit_code: int | None = None, ended: str = "") -> list[dict[str, str]]:
        """Record committed slots, then raise the worst error of the others, or return the refs."""
        end = self._end(exit_code)
        refs = record_end(self._store, self._folder, self._task, end)
        if end.refusals:
            raise AirflowFailException("; ".join(str(item) for item in end.refusals))
        also = f"; {ended}" if ended else ""
        for item in end.problems:
            raise (AirflowException if item.kind == "failed" else AirflowFailException)(f"{item}{also}")
        return [ref.model_dump() for ref in refs]

    def _end(self, exit_code: int | None = None) -> StageEnd:
        return stage_end(self._found, self._before, exit_code=exit_code, informs=self._informs)


def _chosen(slots: Sequence[Slot], batch: Sequence[Any] | None) -> list[Slot]:
    if batch is None:
        return list(slots)
    known = {slot.name.to_json(): slot for slot in slots}
    # Names come by XCom, which anybody may have written: they choose among the run's own slots and do nothing else.
    names = dict.fromkeys(canonical_json(value) for value in batch)
    if unknown := [name.decode() for name in names if name not in known]:
        raise InputError(
            "this run has no such slots", actual=unknown, expected=" | ".join(str(slot.name) for slot in slots)
        )
    return [known[name] for name in names]


def _task_name(context: Context) -> str:
    index = _map_index(context)
    return context["ti"].task_id if index < 0 else f"{context['ti'].task_id}.{index}"


def _task_page(context: Context) -> str:
    run = context["dag_run"]
    return task_url(run.dag_id, run.run_id, context["ti"].task_id, _map_index(context))


def _map_index(context: Context) -> int:
    index = getattr(context["ti"], "map_index", -1)
    return -1 if index is None else int(index)
