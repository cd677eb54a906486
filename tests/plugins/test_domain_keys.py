"""A pull request's run on a real MinIO, with the accounts of its own domain and nobody else's."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from simgate.cli import store_init, store_key
from simgate.cli.store_server import Server
from simgate.core.errors import StoreError
from simgate.core.storage.credentials import ROLE_KEYS, StoreKeys
from simgate.core.storage.heads import dataset_head, push_scenes
from simgate.core.storage.store import Store
from simgate.plan.jobs import slots, write_jobs
from simgate.rows.roles import DOMAIN_ROLES, Role, role_name, role_of_stage
from simgate_airflow.run import dataset_run
from tests.e2e import small_stages
from tests.plugins.test_domains import PR, context
from tests.plugins.wire import Wire
from tests.servers.minio import MinioServer

SCENES = ("office", "home", "warehouse")


@dataclass
class Room:
    """One store on the server, with two folders of keys: main's and the pull request's."""

    server: Server
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    wire: Wire

    @property
    def url(self) -> str:
        return f"s3://{self.server.bucket}/{self.server.prefix}"

    @property
    def root(self) -> Store:
        return Store(self.url, self.server.keys)

    def as_domain(self, domain: str) -> None:
        """Only that domain's accounts are there, as in a deployment of its workers."""
        self.wire({"SIMGATE_STORE": self.url, "SIMGATE_KEYS": str(self.folder / domain)})

    def store(self, role: Role, domain: str) -> Store:
        return Store(self.url, StoreKeys.load(self.folder / domain / role_name(role, domain)))

    def push(self, domain: str, **edits: str) -> None:
        for scene in SCENES:
            path = self.folder / "scenes" / scene / f"{scene}.usda"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"#usda 1.0 {scene} {edits.get(scene, '')}")
        push_scenes(
            self.store("pusher", domain), domain, self.folder / "scenes", author="dev@example.org", message="test"
        )

    def build(self, run: Context, domain: str) -> None:
        """Every task up to publish, each stage under its own role's account."""
        self.as_domain(domain)
        folder = dataset_run.plan(run)
        planner = self.store("planner", domain)
        for stage in ("index", "generate", "validate"):
            jobs = [
                word for uri in write_jobs(planner, folder, slots(planner, folder, stage)) for word in ("--job", uri)
            ]
            assert self.run_stage(stage, jobs, role_of_stage(stage), domain) == 0

    def run_stage(self, stage: str, jobs: list[str], role: Role, domain: str) -> int:
        self.monkeypatch.setenv(ROLE_KEYS, str(self.folder / domain / role_name(role, domain)))
        return small_stages.run(["-m", "simgate", stage, *jobs, "--out", self.url])


@pytest.fixture(scope="module")
def accounts(minio: MinioServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Server, Path]:
    """A store that was set up, and the key folders of both domains."""
    server, folder = Server("domains", "one", minio.keys), tmp_path_factory.mktemp("accounts")
    list(store_init.init(server))
    for domain in ("main", PR):
        store_key.make_keys(server, DOMAIN_ROLES, domain, folder / domain, rotate=False, public_endpoint="")
    return server, folder


@pytest.fixture
def room(accounts: tuple[Server, Path], monkeypatch: pytest.MonkeyPatch, wire: Wire) -> Room:
    return Room(*accounts, monkeypatch, wire)


def mains(store: Store) -> dict[str, str]:
    return {key: store.digest(key) for key in store.keys("") if f"/{PR}/" not in key}


def test_a_pull_requests_run_needs_its_own_accounts_alone_and_changes_nothing_of_mains(room: Room) -> None:
    room.push("main")
    run = context("build_dataset.rooms", "main-1")
    room.build(run, "main")
    dataset_run.publish(run)
    before = mains(room.root)

    room.push(PR, home="moved a chair")
    mine = context("build_dataset.rooms", "pr-run", 7)
    room.build(mine, PR)
    with pytest.raises(AirflowSkipException, match="the asset is main's"):
        dataset_run.publish(mine)
    assert dataset_head(room.root, PR, "rooms").seq == 1
    assert len(room.root.keys(f"memo/{PR}")) == 1 + 2 + 1, "the rest is main's"
    assert mains(room.root) == before, "byte for byte"

    with pytest.raises(AirflowFailException, match="no keys for role planner of domain main"):
        dataset_run.plan(context("build_dataset.rooms", "main-2"))
    # Whoever swaps the folders' names still has no more than the accounts in them.
    shutil.copytree(room.folder / PR / f"planner-{PR}", room.folder / PR / "planner-main")
    with pytest.raises(AirflowException, match=r"(?i)denied|permission|not allowed|cannot create"):
        dataset_run.plan(context("build_dataset.rooms", "main-3", kind="scheduled") | {"params": other_recipe()})
    assert mains(room.root) == before


def other_recipe() -> dict[str, Any]:
    """Params under which main has something to plan."""
    params = context("build_dataset.rooms", "x")["params"]
    params["recipe"]["episodes_per_shard"] = 1
    return params


def test_a_job_that_says_main_under_a_pull_requests_account_writes_nothing_there(room: Room) -> None:
    room.push("main", home="nobody indexed this yet")
    run = context("build_dataset.rooms", "main-9")
    room.as_domain("main")
    folder = dataset_run.plan(run)
    planner = room.store("planner", "main")
    jobs = [word for uri in write_jobs(planner, folder, slots(planner, folder, "index")) for word in ("--job", uri)]
    before = mains(room.root)
    assert room.run_stage("index", jobs, "stage", PR) != 0
    assert mains(room.root) == before
    with pytest.raises(StoreError):
        room.store("planner", PR).create("candidates/navigator/demo/000000000001.json", b"{}")
