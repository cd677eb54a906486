"""A scene edit becomes a released model, every stage a pod: real Kubernetes, MinIO, keys by role, signatures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from kubernetes import client

from simgate.cli.find import runs
from simgate.core.identity.environment import Observed
from simgate.core.storage.credentials import StoreKeys
from simgate.rows.roles import role_of_stage
from simgate.rows.stages import STAGES
from simgate_airflow.place.pod_shape import USER_ID
from tests.e2e.airflow_client import Run, wait_for
from tests.pods.deployment import ROOT
from tests.pods.pipeline_world import PipelineWorld, pipeline_world
from tests.pods.pod_watch import PodWatch
from tests.raw_ledger import Ledger
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.minio import MinioServer
from tests.servers.simgate_images import stage_images

RUNS = Counter(index=1, generate=2, validate=1, train=1, evaluate=1, export=1, hil=1)
"""Of the small recipes; evaluate once, for nothing is live yet."""
PODS = RUNS + Counter(train=1)
"""The training is spread over two, as an indexed Job."""
KEY_FILES = {"stage": {"store.json"}, "gate": {"store.json", "signing.pem"}}


@pytest.fixture
def pipeline(cluster: Cluster, minio: MinioServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineWorld]:
    with pipeline_world(cluster, minio, stage_images(), tmp_path_factory.mktemp("pipeline")) as world:
        yield world


def test_both_pipelines_run_wholly_as_pods_and_release_a_model(pipeline: PipelineWorld) -> None:
    with PodWatch(pipeline.cluster.core, pipeline.namespace) as watched:
        dataset = released(pipeline)
        assert Counter(pod.metadata.labels["simgate.dev/stage"] for pod in watched.pods.values()) == PODS
        assert_verified(pipeline)
        assert_every_manifest_says_where_it_was_made(pipeline)
        assert_every_pod_had_its_roles_key_and_no_right(pipeline, watched)
        assert_nothing_changed_starts_no_pod(pipeline, dataset)
        assert Counter(pod.metadata.labels["simgate.dev/stage"] for pod in watched.pods.values()) == PODS
    assert_nothing_is_left(pipeline)


def released(world: PipelineWorld) -> Run:
    """Push, and answer the gate; events do the rest. The dataset's run."""
    world.simgate("pusher-main", "scenes", "push", str(ROOT / "examples/demo/scenes"), "--author", "scenes@example.org")
    world.say("scenes are pushed; the watcher starts build_dataset")
    dataset = world.planned_run("build_dataset.rooms")
    assert world.follow(dataset) == "success", dataset.failures()
    release = world.planned_run("release_model.navigator")
    assert world.follow(release, until="decide") == "running", release.failures()
    release.answer(world.user("release-manager"), "Approve").raise_for_status()
    world.say("the release manager approved")
    assert world.follow(release) == "success", release.failures()
    return dataset


def assert_verified(world: PipelineWorld) -> None:
    """The reader finds a live model in the ledger, every digest right and every signature there."""
    entry = Ledger(world.store, "navigator").head()
    assert entry is not None
    assert (entry.action, entry.who) == ("promote", "release-manager")
    assert Ledger(world.store, "navigator").live("demo") is not None
    policy = str(world.folder / "policy.yaml")
    report = json.loads(world.simgate("reader", "verify", "navigator", "--policy", policy, "--json"))
    assert report["findings"] == []
    assert Counter(item["role"] for item in report["signatures"]) == {
        "gate": 4,
        "planner": 1,
        "approval": 1,
        "ledger": 1,
    }
    assert {item["state"] for item in report["signatures"]} == {"good"}


def assert_every_manifest_says_where_it_was_made(world: PipelineWorld) -> None:
    """Place, and the image by digest, of every run in the store."""
    found = list(runs(world.store, "main"))
    assert Counter(run.manifest.stage for run in found) == RUNS
    for run in found:
        place = run.manifest.predicate.run_details.builder.id
        observed = Observed.from_json(world.store.read(run.manifest.artifact("observed.json")), what=run.ref.uri)
        image = world.images[STAGES.find(run.manifest.stage).extra].reference
        assert (place, observed.environment.image) == ("urn:simgate:place:pod", image), run.manifest.stage


def assert_every_pod_had_its_roles_key_and_no_right(world: PipelineWorld, watched: PodWatch) -> None:
    """By what was asked of Kubernetes, and by what the kernel says of each process."""
    accounts = [StoreKeys.load(folder) for folder in world.keys.iterdir()]
    for uid, pod in watched.pods.items():
        stage = pod.metadata.labels["simgate.dev/stage"]
        role = role_of_stage(stage)
        assert_shape(pod, f"simgate-keys-{role}-main", world.images[STAGES.find(stage).extra].reference)
        said = json.dumps(client.ApiClient().sanitize_for_serialization(pod))
        assert not any(keys and keys.secret_key.get_secret_value() in said for keys in accounts), stage
        rights = watched.rights[uid]
        assert rights.user_ids == {USER_ID}, stage
        assert (rights.capabilities, rights.no_new_privileges, rights.root_is_read_only) == (0, True, True), stage
        assert rights.key_files == KEY_FILES[role], stage


def assert_shape(pod: client.V1Pod, secret: str, image: str) -> None:
    """One hardened container, one secret, an account that may nothing."""
    (container,) = pod.spec.containers
    assert container.image == image
    assert [volume.secret.secret_name for volume in pod.spec.volumes if volume.secret] == [secret]
    assert [volume.name for volume in pod.spec.volumes if volume.projected or volume.host_path] == []
    assert pod.spec.automount_service_account_token is False
    assert (pod.spec.security_context.run_as_non_root, pod.spec.security_context.run_as_user) == (True, USER_ID)
    assert container.security_context.read_only_root_filesystem
    assert not container.security_context.allow_privilege_escalation
    assert not any(item.value_from and item.value_from.secret_key_ref for item in container.env)


def assert_nothing_changed_starts_no_pod(world: PipelineWorld, dataset: Run) -> None:
    """New runs find everything there: the dataset is judged, the engine is live already; a cleared stage likewise."""
    admin = world.user("admin")
    again = admin.trigger("build_dataset.rooms")
    assert world.follow(again) == "success", again.failures()
    assert again.tasks["plan"] == "skipped"
    once_more = admin.trigger("release_model.navigator")
    assert world.follow(once_more) == "success", once_more.failures()
    assert (once_more.tasks["export"], once_more.tasks["hil"]) == ("success", "skipped")
    assert "the engine is byte for byte the live one" in once_more.log("compare")
    dataset.clear(admin, "index", "generate", "validate").raise_for_status()
    assert world.follow(dataset) == "success", dataset.failures()
    logs = [once_more.log("train"), once_more.log("export"), dataset.log("index", 2), dataset.log("validate", 2)]
    assert all("reused: runs/main/" in log for log in logs)
    assert len(list(Ledger(world.store, "navigator").history())) == 1


def assert_nothing_is_left(world: PipelineWorld) -> None:
    """No pod, no job."""
    core, batch = world.cluster.core, client.BatchV1Api(world.cluster.api)
    wait_for(lambda: not core.list_namespaced_pod(world.namespace).items, 60, "no pod to be left")
    assert batch.list_namespaced_job(world.namespace).items == []
