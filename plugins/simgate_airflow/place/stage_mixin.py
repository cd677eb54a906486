"""StageMixin: the one way that a stage runs in Airflow, whatever the place: reuse before, judge after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from simgate.core.errors import InputError

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from simgate.core.storage.store import Store
    from simgate.plan.jobs import Slot
    from simgate.rows.stages import Subject

    Place = BaseOperator
else:
    Place = object

MAX_WORDS = 600
"""Characters of a place's own words that an error repeats."""


class StageMixin(Place):
    """Stands before an operator that runs `python -m simgate` somewhere.

    Before it: the run's slots of this stage, and which of them are committed; only the others are handed over. After
    it, however it ended: the store decides. A FAIL of a gate, a wrong input and a third inconclusive observation fail
    the task for good; everything else is tried again as often as the task's `retries` says.

    Each place sets the fields in a constructor of its own: Airflow finds parameters in operators' constructors alone.
    """

    stage: str
    subject: Subject | None
    """Model whose run this task is for; None for all of the stage's."""
    batch: Sequence[dict[str, Any]] | None
    """Slot names, as JSON, that this task is for; None for all of the stage."""
    informs: bool
    """True where the verdict only informs (the live model, judged again): a FAIL fails nothing, and a run
    without a live model has nothing to judge."""
    exit_code: int | None = None
    """Exit code of the process, where the place knows it: it can only make a failure final, never a success."""
    ended: str = ""
    """The end of the process in words, where the place has more to say than the store; it decides nothing."""
    job_uris: tuple[str, ...] = ()
    """Jobs that the place is to run next."""
    image_name: str = ""
    """Name of the image that has what those jobs need."""

    def slots(self, store: Store, context: Context) -> tuple[Slot, ...]:
        """Return every slot of this stage in this run, from its RunRecord."""
        from simgate_airflow.place.stage_run import planned_slots

        return planned_slots(store, context, self.stage)

    def _own_slots(self, store: Store, context: Context) -> tuple[Slot, ...]:
        found = self.slots(store, context)
        if self.subject is None:
            return found
        own = tuple(slot for slot in found if slot.name.subject == self.subject)
        if not own and not self.informs:
            raise InputError(f"this run has no {self.stage} of the {self.subject} model", remedy="plan again")
        return own

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Run the slots that are not committed, and return the refs of all."""
        from simgate_airflow.failure import failures_for_airflow
        from simgate_airflow.place.stage_run import StageRun

        with failures_for_airflow():
            run = StageRun(context, self._own_slots, self.batch, informs=self.informs)
            _label(context, run.label)
            for line in run.described():
                self.log.info("%s", line)
            if not run.missing:
                return self._concluded(run)
            self.job_uris, self.image_name = tuple(run.write_jobs()), run.image
        return self._judged(run, lambda: super(StageMixin, self).execute(context))

    def trigger_reentry(self, context: Context, event: dict[str, Any]) -> list[dict[str, str]]:
        """Come back from a deferral, which only some places have, and judge likewise."""
        from simgate_airflow.failure import failures_for_airflow
        from simgate_airflow.place.stage_run import StageRun

        with failures_for_airflow():
            run = StageRun(context, self._own_slots, self.batch, informs=self.informs, came_back=True)
            _label(context, run.label)
        again = super().trigger_reentry  # type: ignore[misc]
        return self._judged(run, lambda: again(context, event))

    def _judged(self, run: Any, work: Callable[[], Any]) -> list[dict[str, str]]:
        """Do the work, and whether it returns or raises, let the store decide. A TaskDeferred passes: it is no end."""
        from simgate_airflow.failure import failures_for_airflow

        try:
            work()
        except Exception as error:  # a place may lose its watch in any way: a result that is there is a result
            self.log.warning("%s ended with %s: %s", self.stage, type(error).__name__, error)
            self.ended = self.ended or f"{type(error).__name__}: {error}"[:MAX_WORDS]
        with failures_for_airflow():
            run.look()
            for line in run.warnings():
                self.log.warning("%s", line)
            return self._concluded(run, self.exit_code, self.ended)

    def _concluded(self, run: Any, *end: Any) -> list[dict[str, str]]:
        """Return the refs, or the error; the log ends with the verdict and the page either way."""
        try:
            refs: list[dict[str, str]] = run.conclude(*end)
            return refs
        finally:
            self.log.info("%s", run.last_line())


def _label(context: Context, label: str) -> None:
    """Set the label that the task's `map_index_template` shows. Each process sets it anew: Airflow renders it after
    each.
    """
    cast("dict[str, object]", context)["batch_label"] = label
