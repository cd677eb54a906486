"""Story: scenes are pushed, Airflow makes a dataset and a model of them, one scene is edited, and it does so again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from rich.markup import escape

from examples.demo.terminal.api import Api
from examples.demo.terminal.decision import (
    CHANNEL,
    DATASET_DAG,
    DATASET_RECIPE,
    MODEL,
    RELEASE_DAG,
    Decision,
    Decisions,
)
from examples.demo.terminal.deployment import APPROVER, ENGINEER, RESPONDER
from examples.demo.terminal.failure import RunFailed, failure
from examples.demo.terminal.follow import LIMIT_S, follow
from examples.demo.terminal.gate import Gate
from examples.demo.terminal.reasons import dataset_before, release_before, show_reasons
from examples.demo.terminal.site import Site
from examples.demo.terminal.task_log import DagRun
from examples.demo.terminal.wait import TookTooLong, wait_for
from simgate.cli.console import console, short, when
from simgate.cli.plan import snapshot_of
from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import SimgateError
from simgate.core.storage.heads import ScenesHead, dataset_head, push_scenes
from simgate.core.storage.store import Store
from simgate.plan.record import DatasetWhy, ReleaseWhy, read_why, record_folder, run_folders
from simgate.release.candidate import CandidateEntry
from simgate.release.entry import LiveModel
from simgate_airflow.local.standalone import LocalAirflow

DOMAIN = "main"
AUTHOR = "scenes@example.org"
WATCHER_LIMIT_S = 60.0
"""The watcher fires within seconds; after this the demo starts the run by hand, as an engineer would."""
Why = DatasetWhy | ReleaseWhy


@dataclass(frozen=True, slots=True)
class Dataset:
    """A published dataset."""

    ref: ManifestRef
    why: Why | None
    """Of the run that made it; None where an earlier demo saw it made."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release run that came to its end."""

    whys: tuple[Why, ...]
    """Of the runs that it took, the dataset's among them where that was made for it."""
    decision: Decision | None
    """None where the engine is byte for byte the live one, and nobody was asked."""
    before: LiveModel | None
    """The model that was live when the release began."""


@dataclass(frozen=True)
class Story:
    """One demo: its folders, store, Airflow, and the answers that it gives."""

    site: Site
    store: Store
    airflow: LocalAirflow
    answer: str
    """The responder's answer at a gate; empty: a person answers."""

    def push(self, message: str) -> ScenesHead:
        """Push the demo's scenes and return their head."""
        with console().status("pushing scenes to the store"):
            head, moved = push_scenes(self.store, DOMAIN, self.site.scenes, author=AUTHOR, message=message)
        said = "is the new head" if moved else "is the head already"
        console().print(f"pushed by {AUTHOR}: snapshot [bold]{short(head.snapshot_sha256)}[/] {said}")
        return head

    def dataset(self, head: ScenesHead) -> Dataset:
        """Wait until the head's dataset is made and published."""
        if (ref := self._published(head)) is not None:
            console().print("the dataset of these scenes is published already: no stage runs")
            return Dataset(ref, None)
        before = dataset_before(self.store, DOMAIN, DATASET_RECIPE)
        why = self._planned(DATASET_DAG, lambda found: _snapshot(found) == head.snapshot_sha256)
        self._follow(why, f"{DATASET_DAG}: scenes become a validated dataset")
        if (ref := self._published(head)) is None:
            raise SimgateError("the dataset was not published", remedy=f"see {DATASET_DAG} in Airflow")
        show_reasons(self.store, why, before)
        return Dataset(ref, why)

    def release(self, dataset: Dataset) -> Release | None:
        """Wait until a model of the dataset is made, judged and decided about; None where an earlier demo did that."""
        live = self.decisions.live()
        if settled := self._settled(dataset.ref):
            console().print(f"{settled}: no stage runs")
            return None
        before = release_before(self.store, live)
        if dataset.why is None:
            self._by_hand(RELEASE_DAG, "an earlier demo ended before its release")
        why = self._planned(RELEASE_DAG, lambda found: _dataset(found) == dataset.ref)
        self._follow(why, f"{RELEASE_DAG}: the dataset becomes a model, and somebody decides")
        show_reasons(self.store, why, before)
        candidate = self._candidate(why)
        decided = self.decisions.about(candidate) if candidate is not None else None
        return Release(tuple(item for item in (dataset.why, why) if item is not None), decided, live)

    def api(self, account: str) -> Api:
        """Return Airflow's API in an account's name."""
        return Api(self.airflow.url, account, self.airflow.password(account))

    @property
    def decisions(self) -> Decisions:
        """The decisions in the demo's ledger."""
        return Decisions(self.site)

    def _published(self, head: ScenesHead) -> ManifestRef | None:
        found = dataset_head(self.store, DOMAIN, DATASET_RECIPE)
        if found is None or snapshot_of(self.store, found.validate_ref) != head.snapshot_sha256:
            return None
        return found.validate_ref

    def _settled(self, dataset: ManifestRef) -> str:
        """Say how an earlier demo ended with this dataset; empty where it has no decision yet."""
        every = self.decisions.proposed()
        made = [entry for entry in every if _dataset(read_why(self.store, entry.candidate.run_record)) == dataset]
        live = self.decisions.live()
        if live is not None and any(entry.digest == live.candidate for entry in made):
            return "the live model is made of this dataset already"
        decided = [found for entry in made if (found := self.decisions.about(entry)) is not None]
        if decided and decided[-1].is_rejected:
            entry = decided[-1].entry
            return f"{entry.who} rejected the model of this dataset on {when(entry.at)}"
        return ""

    def _planned(self, dag: str, wanted: Callable[[Why], bool]) -> Why:
        """Return the run's why.json once Airflow has planned it; where no event starts the run, start it by hand."""
        api = self.api(ENGINEER)
        try:
            return self._plan_of(api, dag, wanted, f"waiting for Airflow to start {dag}", limit_s=WATCHER_LIMIT_S)
        except (TookTooLong, RunFailed) as error:
            # After three demos that were cut short, say, only a person may start another run of these scenes.
            self._by_hand(dag, str(error))
            return self._plan_of(api, dag, wanted, f"waiting for the plan of {dag}", limit_s=3 * WATCHER_LIMIT_S)
        finally:
            api.close()

    def _by_hand(self, dag: str, because: str) -> None:
        console().print(f"[yellow]{escape(because)}[/]: {ENGINEER} starts {dag} by hand")
        api = self.api(ENGINEER)
        try:
            api.trigger(dag)
        finally:
            api.close()

    def _plan_of(self, api: Api, dag: str, wanted: Callable[[Why], bool], what: str, *, limit_s: float) -> Why:
        since = datetime.now(UTC)

        def probe() -> Why | None:
            self._raise_troubles(api, dag, since)
            return self._newest(api, dag, wanted)

        return cast("Why", wait_for(what, probe, limit_s=limit_s))

    def _newest(self, api: Api, dag: str, wanted: Callable[[Why], bool]) -> Why | None:
        # Runs of an Airflow that is gone have records too: only what this Airflow knows is followed.
        folders = [name for name in run_folders(self.store, DOMAIN) if name.rpartition("/")[2].startswith(dag)]
        whys = [why for why in (read_why(self.store, folder) for folder in folders) if wanted(why)]
        known = [why for why in whys if api.knows(*why.run.split("/", 1))]
        return max(known, key=lambda why: why.triggers[0].at, default=None)

    def _raise_troubles(self, api: Api, dag: str, since: datetime) -> None:
        if errors := api.import_errors():
            raise SimgateError(f"Airflow cannot read a DAG file: {errors[0][-1500:]}")
        for run in api.failed_runs_since(dag, since):
            raise failure(self.airflow.url, api.tasks(dag, run), self._logs, DagRun(dag, run))

    @property
    def _logs(self) -> Path:
        return self.site.airflow_home / "logs"

    def _follow(self, why: Why, title: str) -> None:
        """Follow a run to its end; raises where it failed, or nobody decided in time."""
        dag_run, api = DagRun(*why.run.split("/", 1)), self.api(RESPONDER)
        password = self.airflow.password(APPROVER)
        gate = Gate(api, dag_run, self.airflow.url, password, self.answer, lambda: self._candidate(why))
        try:
            ended = follow(api, self._logs, title, dag_run, gate, limit_s=LIMIT_S if self.answer else None)
        except KeyboardInterrupt:
            if gate.waits():
                self._say_undecided()
            raise
        finally:
            api.close()
        candidate = self._candidate(why)
        found = self.decisions.about(candidate) if candidate is not None else None
        if candidate is not None and (found is None or not (found.is_live or found.is_rejected)):
            raise self._lapsed(candidate) or failure(self.airflow.url, ended.tasks, self._logs, dag_run)
        if candidate is None and ended.failed:
            raise failure(self.airflow.url, ended.tasks, self._logs, dag_run)
        console().print(f"{dag_run.dag} is done after {ended.seconds:.0f} s{_said(found)}")

    def _lapsed(self, candidate: CandidateEntry) -> RunFailed | None:
        until = candidate.candidate.expires_at
        if until > datetime.now(UTC):
            return None
        return RunFailed(
            f"nobody decided until {when(until)}: candidate {short(candidate.digest)} lapsed and never goes live; "
            f"{self.decisions.what_is_live()}",
            remedy="`make demo` asks again",
        )

    def _candidate(self, why: Why) -> CandidateEntry | None:
        return self.decisions.candidate_of(record_folder(why.domain, why.run))

    def _say_undecided(self) -> None:
        said = f"nobody decided, nothing changed, and the next demo asks again; {self.decisions.what_is_live()}"
        console().print(f"\n[bold yellow]The question is still open:[/] {said}.", soft_wrap=False)


def _said(found: Decision | None) -> str:
    if found is None:
        return ""
    how = "[bold green]live[/]" if found.is_live else "[bold yellow]rejected[/]"
    return f"; {MODEL} for channel {CHANNEL}, candidate {short(found.candidate.digest)}: {how}"


def _snapshot(why: Why) -> str:
    return why.snapshot_sha256 if isinstance(why, DatasetWhy) else ""


def _dataset(why: Why) -> ManifestRef | None:
    return why.dataset if isinstance(why, ReleaseWhy) else None
