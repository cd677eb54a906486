"""Story: scenes are pushed, Airflow makes a dataset and a model of them, one scene is edited, and it does so again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from rich.markup import escape

from simgate.cli.console import console, short
from simgate.cli.demo.api import Api
from simgate.cli.demo.deployment import APPROVER, ENGINEER, RESPONDER
from simgate.cli.demo.follow import LIMIT_S, DagRun, RunFailed, failure, follow
from simgate.cli.demo.gate import Gate
from simgate.cli.demo.reasons import dataset_before, release_before, show_reasons
from simgate.cli.demo.site import Site
from simgate.cli.demo.wait import TookTooLong, wait_for
from simgate.cli.plan import snapshot_of
from simgate.core.artifact import ManifestRef
from simgate.core.errors import SimgateError
from simgate.core.heads import ScenesHead, dataset_head, push_scenes
from simgate.core.store import Store
from simgate.plan.record import DatasetWhy, ReleaseWhy, read_why, run_folders
from simgate.release.candidate import candidates
from simgate.release.entry import LiveModel
from simgate.release.judge import judge
from simgate.release.policy import Policy
from simgate_airflow.standalone import LocalAirflow

DOMAIN = "main"
MODEL, CHANNEL = "navigator", "demo"
AUTHOR = "scenes@example.org"
WATCHER_LIMIT_S = 60.0
"""The watcher fires within seconds; after this the demo starts the run by hand, as an engineer would."""
Why = DatasetWhy | ReleaseWhy


@dataclass(frozen=True)
class Story:
    """What the parts of the story share."""

    site: Site
    store: Store
    airflow: LocalAirflow
    unattended: bool

    def push(self, message: str) -> ScenesHead:
        """Push the demo's scenes; the head that they are."""
        with console().status("pushing scenes to the store"):
            head, moved = push_scenes(self.store, DOMAIN, self.site.scenes, author=AUTHOR, message=message)
        said = "is the new head" if moved else "is the head already"
        console().print(f"pushed by {AUTHOR}: snapshot [bold]{short(head.snapshot_sha256)}[/] {said}")
        return head

    def dataset(self, head: ScenesHead) -> tuple[ManifestRef, bool]:
        """See the head's dataset made and published; whether it is new, so that Airflow was told of it."""
        if (ref := self._published(head)) is not None:
            console().print("the dataset of these scenes is published already: no stage runs")
            return ref, False
        before = dataset_before(self.store, DOMAIN)
        why = self._planned("build_dataset", lambda found: _snapshot(found) == head.snapshot_sha256)
        self._follow(why, "build_dataset: scenes become a validated dataset")
        if (ref := self._published(head)) is None:
            raise SimgateError("the dataset was not published", remedy="see build_dataset in Airflow")
        show_reasons(self.store, why, before)
        return ref, True

    def release(self, dataset: ManifestRef, is_new: bool) -> None:
        """See a model of the dataset made, judged, approved and promoted."""
        live = self.live()
        if live is not None and self._dataset_of(live.candidate) == dataset:
            console().print("the live model is made of this dataset already: no stage runs")
            return
        before = release_before(self.store, live)
        if not is_new:
            self._by_hand("release_model", "an earlier demo ended before its release")
        why = self._planned("release_model", lambda found: _dataset(found) == dataset)
        self._follow(why, "release_model: the dataset becomes a released model")
        show_reasons(self.store, why, before)
        now = self.live()
        if now is None or now == live:
            raise SimgateError("nothing new went live", remedy="`simgate history` and release_model in Airflow say why")
        console().print(f"[bold green]live:[/] {MODEL} in channel {CHANNEL}, engine {short(now.engine)}")

    def live(self) -> LiveModel | None:
        """The live model, out of a ledger that holds."""
        return judge(self.store, Policy.load(self.site.policy), MODEL).must_hold().live(CHANNEL)

    def api(self, account: str) -> Api:
        """Airflow in an account's name."""
        return Api(self.airflow.url, account, self.airflow.password(account))

    def _published(self, head: ScenesHead) -> ManifestRef | None:
        found = dataset_head(self.store, DOMAIN)
        if found is None or snapshot_of(self.store, found.validate_ref) != head.snapshot_sha256:
            return None
        return found.validate_ref

    def _dataset_of(self, candidate: str) -> ManifestRef | None:
        every = candidates(self.store, MODEL, CHANNEL).all()
        found = next((entry for entry in every if entry.digest == candidate), None)
        return _dataset(read_why(self.store, found.candidate.run_record)) if found else None

    def _planned(self, dag: str, wanted: Callable[[Why], bool]) -> Why:
        """The run's why.json, once Airflow has planned it; where no event brought it about, a run by hand does."""
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
            raise failure(api.tasks(dag, run), self.site.airflow_home / "logs", DagRun(dag, run))

    def _follow(self, why: Why, title: str) -> None:
        dag_run = DagRun(*why.run.split("/", 1))
        api = self.api(RESPONDER)
        gate = Gate(api, dag_run, self.airflow.url, self.airflow.password(APPROVER), self.unattended)
        limit_s = LIMIT_S if self.unattended else None
        try:
            seconds = follow(api, self.site.airflow_home / "logs", title, dag_run, gate, limit_s=limit_s)
        finally:
            api.close()
        console().print(f"{dag_run.dag} is done after {seconds:.0f} s")


def _snapshot(why: Why) -> str:
    return why.snapshot_sha256 if isinstance(why, DatasetWhy) else ""


def _dataset(why: Why) -> ManifestRef | None:
    return why.dataset if isinstance(why, ReleaseWhy) else None
