"""docker-compose.yml as its processes: from nothing to shards, through a crash and a restart; in this order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg2
import pytest

from compose import env
from simgate.rows.roles import ROLES, role_name
from tests.e2e.airflow_client import Run, wait_for
from tests.servers import compose
from tests.servers.cache import cache_folder
from tests.servers.compose_images import Picture
from tests.servers.deployed import AIRFLOW, READER, Deployed
from tests.servers.project import why_not
from tests.servers.service import Service

ROOT = Path(__file__).parents[2]
REASON = why_not()
pytestmark = pytest.mark.skipif(bool(REASON) and os.environ.get("CI") != "true", reason=REASON)
UP_S = 240.0
KERNELS_S = 240.0
CHANGEABLE = (
    "SIMGATE_AIRFLOW_DB_PASSWORD", "SIMGATE_MLFLOW_DB_PASSWORD", "SIMGATE_MINIO_USER", "SIMGATE_MINIO_PASSWORD",
    "SIMGATE_API_SECRET", "SIMGATE_JWT_SECRET", "SIMGATE_PASSWORD_ENGINEER",
)  # fmt: skip
"""What docs/images.md says may be changed, and is taken over by the next start."""
LASTING = ("postgres", "minio", "mlflow", "api-server", "scheduler", "dag-processor", "triggerer")
BUCKET = """
import json, os
from minio import Minio, MinioAdmin
from minio.credentials import StaticProvider
keys = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
client = Minio("minio:9000", *keys, secure=False)
admin = MinioAdmin(endpoint="minio:9000", credentials=StaticProvider(*keys), secure=False)
client.get_object_lock_config("simgate")
print(json.dumps([client.get_bucket_versioning("simgate").status, list(json.loads(admin.user_list()))]))
"""
TRACK = """
import mlflow
mlflow.set_experiment("compose")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("kept", "note.txt")
again = mlflow.get_run(run.info.run_id)
print(again.data.metrics["loss"], mlflow.artifacts.load_text(again.info.artifact_uri + "/note.txt"))
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    assert not REASON, REASON
    folder = tmp_path_factory.mktemp("compose")
    assert env.make(folder / ".env")
    # One stage at a time: on a small machine the first shard comes sooner so.
    with (folder / ".env").open("a") as file:
        file.write("SIMGATE_PARALLELISM=1\n")
    found = Deployed(folder)
    kernels = baked_kernels(folder)
    try:
        found.project.up(UP_S)
        assert kernels.wait(KERNELS_S) == 0, (folder / "kernels.log").read_text()
        yield found
    finally:
        kernels.kill()
        kernels.wait()
        found.project.down()


def baked_kernels(folder: Path) -> subprocess.Popen[bytes]:
    """The image has them: on a read-only root nothing is compiled."""
    words: list[str | Path] = [
        sys.executable,
        ROOT / "images" / "kernels.py",
        ROOT / "examples/demo/scenes" / "home" / "home.usda",
    ]
    variables = {**os.environ, "WARP_CACHE_PATH": str(cache_folder() / "warp")}
    with (folder / "kernels.log").open("wb") as log:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables)


def test_a_service_that_has_ended_takes_no_process_of_others_with_it(tmp_path: Path) -> None:
    once = Service("once", {}, Picture(), tmp_path / "once.log")
    once.process = subprocess.Popen(["sh", "-c", "unshare --mount sleep 1; true"])
    wait_for(lambda: bool(once.members), 10, "its own mounts")
    once.process.wait()
    # The kernel gives a number that is free to the next namespace: a pod's, say.
    with subprocess.Popen(["unshare", "--mount", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        once.end()
        time.sleep(0.2)
        assert other.poll() is None
        other.kill()


def test_everything_is_healthy_and_what_sets_up_has_ended_well(
    up: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\ncompose: seconds until healthy {up.project.timings}", flush=True)
    services = up.project.services
    assert {name for name, service in services.items() if not service.once} == set(LASTING)
    # Asked more than once, as an engine does: on a loaded machine an answer may come late.
    wait_for(lambda: all(up.project.healthy(name) for name in LASTING), 180, "everything to be healthy")
    assert all(service.members for name, service in services.items() if name in LASTING)


def _status(pid: int) -> dict[str, str]:
    """What the kernel says of a process; nothing of one that ended meanwhile."""
    try:
        return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    except OSError:
        return {}


def test_no_process_is_root_and_none_can_become_it_or_change_its_image(up: Deployed) -> None:
    for name in LASTING:
        service = up.project.services[name]
        found = [_status(pid) for pid in service.members]
        assert any(found), name
        for said in filter(None, found):
            assert said["Uid"].split() == [str(service.uid[0])] * 4, name
            assert (said["NoNewPrivs"], int(said["CapEff"], 16)) == ("1", 0), name
        assert up.project.run(name, "touch", "/opt/simgate-was-here").returncode == 1, name


def test_the_bucket_keeps_and_locks_versions_and_every_role_has_its_account(up: Deployed) -> None:
    versions, accounts = json.loads(up.run("store", "python", "-c", BUCKET).splitlines()[-1])
    assert versions == "Enabled"
    assert sorted(name.rpartition(".")[0] for name in accounts) == sorted(
        f"simgate.{role_name(role, 'main')}" for role in ROLES
    )


def test_people_log_in_with_the_password_in_env_and_with_no_other(up: Deployed) -> None:
    for account in ("admin", "engineer", "release-manager"):
        password = up.secrets[f"SIMGATE_PASSWORD_{account.replace('-', '_').upper()}"]
        assert up.login(account, password) == 201, account
    assert up.login("engineer", "engineer") == 401
    assert up.login("engineer", up.secrets["SIMGATE_PASSWORD_ADMIN"]) == 401
    assert up.ask(lambda: httpx.get(f"{AIRFLOW}/api/v2/dags", timeout=30)).status_code == 401


def test_the_demos_scenes_are_pushed_and_a_run_of_them_starts_by_itself(up: Deployed) -> None:
    (push,) = up.simgate("scenes", "log")
    assert push["author"] == "scenes@example.org"
    # Minutes after the clock's time a new DAG has a run of the clock as well; whichever comes first does the work.
    up.wait(
        lambda: any("asset_triggered__" in run.run_id for run in up.admin.runs("build_dataset.rooms")), 90, "its run"
    )
    run = up.ask(lambda: up.first_run)
    up.ask(lambda: run.reaches("plan", "success", 90))
    assert "plans/main/build_dataset.rooms" in up.ask(lambda: run.log("plan")), (
        "the API server shows the scheduler's logs"
    )


def test_a_scheduler_that_is_killed_while_a_stage_runs_starts_again(up: Deployed) -> None:
    run = up.ask(lambda: up.first_run)
    up.ask(lambda: run.reaches("index", "running", 60))
    up.project.kill("scheduler")
    assert up.ask(lambda: run.instance("index"))["state"] == "running", "Airflow cannot know it yet"
    up.project.start("scheduler", 90)


def test_only_the_scheduler_holds_keys_that_write(up: Deployed) -> None:
    assert up.run("scheduler", "ls", "/run/simgate/keys").split() == sorted(role_name(role, "main") for role in ROLES)
    for name in ("api-server", "triggerer"):
        assert up.run(name, "ls", "/run/simgate/keys").split() == ["reader"]
    assert up.run("dag-processor", "ls", "/run/simgate/keys") == ""
    assert up.project.run("scheduler", "touch", "/run/simgate/keys/ledger/x").returncode == 1


def test_who_only_reads_cannot_push(up: Deployed) -> None:
    words = ("simgate", "scenes", "push", "/opt/simgate/scenes/home", "--author", "a@example.org", "--message", "mine")
    refused = up.project.run("triggerer", "env", f"SIMGATE_ROLE_KEYS={READER}", *words)
    assert refused.returncode != 0
    assert "may not" in refused.stdout, refused.stdout
    assert len(up.simgate("scenes", "log")) == 1


def test_evidence_is_sealed_by_the_sealers_key(up: Deployed) -> None:
    sealed = up.run("scheduler", "env", "SIMGATE_ROLE_KEYS=/run/simgate/keys/sealer", "simgate", "store", "seal")
    assert "locked 0 of" not in sealed, sealed


def test_mlflow_keeps_metrics_and_artifacts_through_its_server(up: Deployed) -> None:
    assert up.run("scheduler", "python", "-c", TRACK).splitlines()[-1] == "0.5 kept"
    assert [path.read_text() for path in (up.folder / "volumes/mlflow").rglob("note.txt")] == ["kept"]


def test_postgres_lets_nobody_in_without_a_password_nor_into_anothers_database(up: Deployed) -> None:
    def connect(**who: str) -> None:
        up.ask(lambda: psycopg2.connect(host="127.0.0.1", connect_timeout=10, passfile="/nowhere", **who).close())

    with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
        connect(user="postgres", dbname="postgres")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(user="postgres", dbname="postgres", password="postgres")
    own = up.secrets["SIMGATE_MLFLOW_DB_PASSWORD"]
    connect(user="mlflow", dbname="mlflow", password=own)
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        connect(user="mlflow", dbname="airflow", password=own)
    socket = up.project.run("postgres", "psql", "--host=/var/run/postgresql", "--no-password", "postgres", "postgres")
    assert socket.returncode == 2, socket.stdout


def test_the_killed_stage_goes_on_and_a_shard_is_rendered_without_compiling_anything(up: Deployed) -> None:
    run = up.ask(lambda: up.first_run)
    up.ask(lambda: run.reaches("index", "success", 240))
    assert up.ask(lambda: run.instance("index"))["try_number"] == 2
    up.wait(lambda: "success" in mapped(run), 240, "the first shard")


def test_after_a_stop_and_a_start_with_other_passwords_everything_goes_on(up: Deployed, tmp_path: Path) -> None:
    before, kept = up.ask(lambda: [run.run_id for run in up.admin.runs("build_dataset.rooms")]), up.simgate("runs")
    up.wait(lambda: "running" in mapped(up.first_run), 60, "a shard that is being made")
    assert set(up.project.down()) <= {"scheduler"}, "a stage is killed with it; nothing else has to be"
    env.make(tmp_path / ".env")
    others, old = compose.variables_of(tmp_path / ".env"), up.secrets["SIMGATE_PASSWORD_ENGINEER"]
    changed = up.secrets | {name: others[name] for name in CHANGEABLE}
    (up.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in changed.items()))
    up.read()
    up.project.up(UP_S)
    assert [up.login("engineer", word) for word in (old, up.secrets["SIMGATE_PASSWORD_ENGINEER"])] == [401, 201]
    assert len(up.simgate("scenes", "log")) == 1
    assert up.simgate("runs")[: len(kept)] == kept
    assert up.ask(lambda: [run.run_id for run in up.admin.runs("build_dataset.rooms")])[: len(before)] == before
    done = up.ask(lambda: mapped(up.first_run).count("success"))
    up.wait(lambda: mapped(up.first_run).count("success") > done, 120, "the next shard")


def mapped(run: Run) -> list[str]:
    """States of generate's tasks; asked for inside."""
    return [state for name, state in run.tasks.items() if name.startswith("generate.")]
