"""Train as a stage: the same bytes every time, stopped and resumed, and refusals before anything is computed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simgate.core.documents.stage_spec import Spec
from simgate.core.errors import InputError, Preempted
from simgate.core.runtime.work import Drawn, Work
from simgate.documents.dataset import SplitDocument
from simgate.families.card import ModelCard
from simgate.specs.train import TrainSpec
from simgate.train.stage import draw, run
from simgate.train.tracking import track
from tests.unit.synthetic_dataset import make_item
from tests.unit.toy_dataset import NETWORK, ToyStore

SPEC = TrainSpec(
    family="navigator",
    device="cpu",
    precision="fp32",
    seed=3,
    epochs=24,
    batch_size=8,
    checkpoint_every_epochs=2,
    network=NETWORK,
)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ToyStore:
    return ToyStore(tmp_path_factory.mktemp("toy"), train_episodes=4, eval_episodes=1)


@pytest.fixture(autouse=True)
def no_tracking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def _work(toy: ToyStore, spec: TrainSpec) -> Work[TrainSpec]:
    return toy.work("train", spec, [toy.input(toy.validate, "splits/train.json")])


def _digests(work: Work[TrainSpec]) -> dict[str, str]:
    return {item.name: item.digest.sha256 for item in work.outputs.subjects}


def _stop_when(condition: Callable[[], bool], work: Work[TrainSpec]) -> threading.Thread:
    def watch() -> None:
        while not condition():
            time.sleep(0.02)
        work.stop.requested = True

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


@pytest.fixture(scope="module")
def whole(toy: ToyStore) -> dict[str, str]:
    """The outputs of a run that nobody disturbed."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    work = _work(toy, SPEC)
    run(work)
    work.scratch.clear()
    manifest = toy.manifest(toy.finish(work))
    page = draw(Drawn(SPEC, manifest, toy.store)).decode()
    assert "Navigation" in page
    card = ModelCard.from_json(toy.store.read(manifest.artifact("model.json")), what="card")
    assert (card.frames, card.steps) == (40, 120)
    assert len(toy.store.read(manifest.artifact("metrics.jsonl")).splitlines()) == SPEC.epochs
    return _digests(work)


def test_a_run_stopped_in_the_middle_of_an_epoch_ends_143_and_resumes_to_the_same_bytes(
    toy: ToyStore, whole: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    first = _work(toy, SPEC)
    watcher = _stop_when((first.folder / "epochs.jsonl").exists, first)
    with pytest.raises(Preempted) as caught:
        run(first)
    watcher.join()
    assert caught.value.exit_code == 143
    second = _work(toy, SPEC)
    assert second.scratch.latest(second.folder / "seen") is not None
    (second.folder / "seen").unlink()
    run(second)
    assert '"event": "resumed"' in capsys.readouterr().err
    second.scratch.clear()
    assert _digests(second) == whole


def test_a_robot_that_the_family_cannot_command_is_refused_before_a_frame_is_read(toy: ToyStore) -> None:
    name = "splits/train.json"
    split = SplitDocument.from_json(toy.store.read(toy.manifest(toy.validate).artifact(name)), what=name)
    sliding = make_item("hall", "train", content="a hall").model_copy(update={"drive": "holonomic"})
    data = split.model_copy(update={"scenes": (sliding,)}).to_json()
    other = toy.commit("validate", Spec(), {name: data}, [])
    work = toy.work("train", SPEC, [toy.input(other, name)])
    with pytest.raises(InputError, match="scene hall: a navigator cannot command its robot, got a holonomic base"):
        run(work)
    assert not (work.folder / "pack").exists()
    SplitDocument.from_json(data, what=name).check_bases("perception")


def test_the_untrained_network_needs_no_ranks_and_its_page_says_so(toy: ToyStore) -> None:
    work = _work(toy, SPEC.model_copy(update={"epochs": 0}))
    begin = time.monotonic()
    run(work)
    assert time.monotonic() - begin < 5
    manifest = toy.manifest(toy.finish(work))
    assert ModelCard.from_json(toy.store.read(manifest.artifact("model.json")), what="card").last is None
    assert "untrained" in draw(Drawn(work.spec, manifest, toy.store)).decode()


def test_shuffled_labels_give_another_network(toy: ToyStore, whole: dict[str, str]) -> None:
    work = _work(toy, SPEC.model_copy(update={"shuffle_labels": True}))
    run(work)
    work.scratch.clear()
    assert _digests(work)["model.safetensors"] != whole["model.safetensors"]


def test_a_stop_before_the_start_trains_nothing(toy: ToyStore) -> None:
    work = _work(toy, SPEC)
    work.stop.requested = True
    with pytest.raises(Preempted):
        run(work)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("precision", {"precision": "amp-fp16"}),
        ("batch_size", {"batch_size": 9}),
        ("device", {"device": "cuda"}),
        ("image_width_px", {"network": NETWORK.model_copy(update={"image_width_px": 72})}),
    ],
)
def test_what_this_machine_cannot_do_is_refused_by_field(toy: ToyStore, field: str, change: dict[str, object]) -> None:
    with pytest.raises(InputError, match=rf"field \S*{field}"):
        run(_work(toy, SPEC.model_copy(update=change)))


def test_a_camera_of_another_size_is_refused(toy: ToyStore) -> None:
    spec = SPEC.model_copy(update={"network": NETWORK.model_copy(update={"image_width_px": 128})})
    with pytest.raises(InputError, match="not of the network's size"):
        run(_work(toy, spec))


def test_a_tracking_server_that_is_not_there_fails_nothing(
    toy: ToyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/file/not-a-folder/db")
    work = _work(toy, SPEC)
    card = ModelCard(
        family="navigator", network=NETWORK, parameters=1, seed=1, epochs=0, steps=0, frames=1, dataset_sha256="0" * 64,
        device="cpu", precision="fp32", world_size=1, last=None,
    )  # fmt: skip
    track(work, card, (), "0" * 64)
    assert '"event": "mlflow failed"' in capsys.readouterr().err
