"""The validate stage: PASS, FAIL with reasons, and the same documents whatever the order of its inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simgate.core.documents.canonical import sha256_hex
from simgate.core.runtime.job import ManifestInput
from simgate.data.sample import Sample
from simgate.documents.dataset import DatasetDocument, SplitDocument
from simgate.validate.stage import STAGE
from tests.unit.synthetic_dataset import FRAMES, SyntheticDataset, make_item, make_spec, said

# Great Expectations and its dependencies warn about themselves.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def clean(folder: Path) -> SyntheticDataset:
    """Two train shards, one eval shard."""
    dataset = SyntheticDataset(folder)
    dataset.add("office", episodes=2)
    dataset.add("office", first=2, episodes=1)
    dataset.add("hall")
    return dataset


def test_a_clean_dataset_passes_and_is_written_down(tmp_path: Path) -> None:
    dataset = clean(tmp_path)
    manifest, verdict = dataset.validate(STAGE)
    assert (verdict.verdict, verdict.reasons) == ("PASS", ())
    train, held_out = (dataset.store.read(manifest.artifact(f"splits/{side}.json")) for side in ("train", "eval"))
    document = DatasetDocument.from_json(dataset.store.read(manifest.artifact("dataset.json")), what="dataset")
    assert document.status == "PASS"
    assert (document.train_sha256, document.eval_sha256) == (sha256_hex(train), sha256_hex(held_out))
    assert (document.frames, document.episodes) == (4 * FRAMES, 4)
    split = SplitDocument.from_json(train, what="train")
    assert [(shard.scene, shard.first_episode) for shard in split.shards] == [("office", 0), ("office", 2)]
    assert verdict.metrics["frames eval"] == FRAMES
    names = {artifact.name for artifact in manifest.byproducts}
    assert {"expectations.json", "data_docs/index.html"} <= names
    assert {artifact.name for artifact in manifest.artifacts} == {
        "dataset.json", "splits/train.json", "splits/eval.json", "verdict.json",
    }  # fmt: skip


def test_the_order_of_the_inputs_changes_no_byte(tmp_path: Path) -> None:
    one, other = clean(tmp_path / "one"), clean(tmp_path / "other")
    other.shards.reverse()
    first, _ = one.validate(STAGE)
    second, _ = other.validate(STAGE)
    assert {s.name: s.digest for s in first.subject} == {s.name: s.digest for s in second.subject}


def test_a_train_scenes_edit_does_not_move_the_eval_split(tmp_path: Path) -> None:
    before, after = (
        SyntheticDataset(tmp_path / "before"),
        SyntheticDataset(
            tmp_path / "after",
            make_item("office", "train", content="edited"),
            make_item("hall", "eval", content="hall"),
        ),
    )
    documents = []
    for dataset in (before, after):
        dataset.add("office")
        dataset.add("hall")
        manifest, _ = dataset.validate(STAGE)
        documents.append({side: manifest.artifact(f"splits/{side}.json").sha256 for side in ("train", "eval")})
    assert documents[0]["eval"] == documents[1]["eval"]
    assert documents[0]["train"] != documents[1]["train"]


def fast(sample: Sample) -> Sample:
    """A command that the task forbids."""
    return replace(sample, command=replace(sample.command, speed_m_s=3.0))


def test_a_broken_expectation_fails_with_the_row_that_breaks_it(tmp_path: Path) -> None:
    dataset = SyntheticDataset(tmp_path)
    dataset.add("office", change=lambda s: fast(s) if s.frame == 2 else s)
    dataset.add("hall")
    manifest, verdict = dataset.validate(STAGE)
    assert verdict.verdict == "FAIL"
    assert len(verdict.reasons) == 1
    assert "expect_column_values_to_be_between of command_speed_m_s" in verdict.reasons[0]
    assert "1 of 6 rows break it, first scene office episode 0 frame 2: command_speed_m_s 3.0" in verdict.reasons[0]
    document = DatasetDocument.from_json(dataset.store.read(manifest.artifact("dataset.json")), what="dataset")
    assert document.status == "quarantined"


def test_blank_pictures_fail(tmp_path: Path) -> None:
    dataset = SyntheticDataset(tmp_path)
    dataset.add("office", change=lambda s: replace(s, rgb=s.rgb * 0))
    dataset.add("hall")
    assert any("rgb_std_g" in reason for reason in dataset.validate(STAGE)[1].reasons)


def test_an_unreadable_shard_fails_the_dataset_and_keeps_it(tmp_path: Path) -> None:
    dataset = SyntheticDataset(tmp_path)
    dataset.add("office", plant=lambda o: o.update({"shard.tar": b"x" * 2000, "rows.parquet": b"x"}))
    dataset.add("hall")
    manifest, verdict = dataset.validate(STAGE)
    assert any(reason.startswith("readable: office episodes 0–0: shard.tar") for reason in verdict.reasons) or any(
        reason.startswith("readable: office episodes 0–0") for reason in verdict.reasons
    )
    assert "splits/train.json" in {artifact.name for artifact in manifest.artifacts}


def test_a_scene_on_both_sides_fails(tmp_path: Path) -> None:
    dataset = SyntheticDataset(
        tmp_path, make_item("office", "train", content="same"), make_item("copy", "eval", content="same")
    )
    dataset.add("office")
    dataset.add("copy")
    reasons = dataset.validate(STAGE)[1].reasons
    assert any(reason.startswith("splits apart: train scene office and eval scene copy") for reason in reasons)


def test_too_little_of_everything_fails(tmp_path: Path) -> None:
    dataset = SyntheticDataset(tmp_path)
    dataset.add("office")
    reasons = dataset.validate(STAGE, min_frames_train=99, min_classes=5, min_goal_progress_m=2.0)[1].reasons
    assert any("frames train 3 is below min_frames_train 99" in reason for reason in reasons)
    more = dataset.validate(STAGE, min_frames_train=99, min_goal_progress_m=-9.0)[1].reasons
    assert any("frames eval 0 is below min_frames_eval 1" in reason for reason in more)
    assert dataset.validate(STAGE, min_classes=5)[1].metrics["findings enough"] == 2


def test_a_shard_of_another_version_of_its_scene_fails(tmp_path: Path) -> None:
    dataset = clean(tmp_path)
    edited = [item.model_copy(update={"meters_per_unit": 0.01}) for item in dataset.items]
    dataset.index = dataset.commit(
        "index", make_spec("office", 0, 1), {f"scenes/{item.name}.json": item.to_json() for item in edited}
    )
    reasons = dataset.validate(STAGE)[1].reasons
    assert reasons[0].startswith("provenance: hall episodes 0–0: made from scenes/hall.json") or reasons[0].startswith(
        "provenance: office episodes 0–1: made from scenes/office.json"
    )


def test_a_flipped_byte_is_refused_with_both_digests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = clean(tmp_path)
    artifact = dataset.add("office", first=9).artifact("shard.tar")
    path = dataset.folder / "store" / artifact.uri
    data = bytearray(path.read_bytes())
    data[700] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(LookupError, match="exit 1"):
        dataset.validate(STAGE)
    message = said(capsys)
    assert artifact.sha256 in message
    assert sha256_hex(bytes(data)) in message


def test_a_canary_is_refused_with_its_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LookupError, match="exit 2"):
        clean(tmp_path).validate(STAGE, bitwise_recheck_shards=1)
    assert "bitwise_recheck_shards" in said(capsys)


def test_a_job_without_shards_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = SyntheticDataset(tmp_path)
    code, _ = dataset.run(STAGE, {"version": 1}, ManifestInput(ref=dataset.index))
    assert code == 2
    assert "no generate input" in said(capsys)


def test_the_page_shows_reasons_and_links_the_data_docs(tmp_path: Path) -> None:
    dataset = SyntheticDataset(tmp_path)
    dataset.add("office", change=fast)
    dataset.add("hall")
    manifest, _ = dataset.validate(STAGE)
    folder = manifest.artifact("verdict.json").uri.rpartition("/")[0]
    page = dataset.store.get(f"{folder}/report.html").decode()
    assert "command_speed_m_s" in page
    assert 'href="data_docs/index.html"' in page
    assert "FAIL" in page
