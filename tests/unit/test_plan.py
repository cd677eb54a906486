"""Planning: what runs, what is reused, and why; the store decides, events do not."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simgate.cli import main
from simgate.core.errors import InputError
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.heads import dataset_head, push_scenes, scenes_head
from simgate.core.storage.store import Store
from simgate.plan.dataset import dataset_why, plan_dataset, publish
from simgate.plan.jobs import Slot, batches, find, slots_of, write_jobs
from simgate.plan.outlook import outlook
from simgate.plan.record import DatasetWhy, Trigger, record_folder, write_why
from simgate.plan.tries import GivenUp
from tests.demo_recipes import RECIPES, demo_dataset_recipe
from tests.release_chain import fulfil

RECIPE = demo_dataset_recipe()


class Scenes:
    """Three scenes in a folder; index and generate are fulfilled by content, as the real ones would be."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(str(folder / "store"))
        self.folder = folder / "scenes"
        self.runs = 0
        for scene in RECIPE.scenes:
            self.edit(f"{scene.name}/{scene.name}.usda", f"#usda 1.0\n# {scene.name}\n")

    def edit(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def push(self) -> None:
        push_scenes(self.store, "main", self.folder, author="author@example.org", message="edit")

    def plan(self, kind: str = "push") -> DatasetWhy | None:
        self.runs += 1
        trigger = Trigger.model_validate({"kind": kind, "who": "", "detail": "", "at": datetime.now(UTC)})
        why = plan_dataset(self.store, domain="main", recipe=RECIPE, run=f"run-{self.runs}", triggers=[trigger])
        if why is not None:
            write_why(self.store, why)
        return why

    def fulfil(self, why: DatasetWhy) -> list[str]:
        """Do every stage; the slots that were made."""
        made = []
        for stage in ("index", "generate", "validate"):
            for slot in slots_of(self.store, why, stage):
                if find(self.store, slot) is None:
                    made.append(str(slot.name))
                    fulfil(self.store, slot.job, self.outputs(slot, why), () if stage == "validate" else None)
        return made

    def outputs(self, slot: Slot, why: DatasetWhy) -> dict[str, bytes]:
        if slot.job.stage == "index":
            shards = [
                {"scene": s.name, "split": s.split, "first_episode": first, "episodes": 6}
                for s in why.scenes
                for first in range(0, s.episodes, 6)
            ]
            items = {f"scenes/{s.name}.json": (self.folder / s.root).read_bytes() for s in why.scenes}
            return {**items, "shards.json": json.dumps({"version": 1, "shards": shards}).encode()}
        if slot.job.stage == "generate":
            return {"shard.tar": slot.job.inputs[0].model_dump_json().encode()}
        return {"splits/train.json": b"t", "splits/eval.json": b"e", "dataset.json": slot.job.to_json()}

    def outlook(self) -> DatasetWhy:
        """Why a run would be, without planning one."""
        head = scenes_head(self.store, "main")
        assert head is not None
        return dataset_why(self.store, head, "main", RECIPE, "outlook", ())

    def simgate_plan(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> tuple[int, dict[str, Any], str]:
        """What `simgate plan --json` ends with, says, and warns of."""
        policy = Path(__file__).parents[2] / "examples/demo/policy.yaml"
        arguments = ["plan", "--json", "--store", self.store.url, "--policy", str(policy), "--recipes", str(RECIPES)]
        monkeypatch.setattr(sys, "argv", ["simgate", *arguments])
        monkeypatch.setattr("os.umask", lambda _mask: 0)
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        assert said.out, said.err
        return int(ended.value.code or 0), json.loads(said.out), said.err


@pytest.fixture
def scenes(tmp_path: Path) -> Scenes:
    found = Scenes(tmp_path)
    found.push()
    return found


def first_run(scenes: Scenes) -> list[str]:
    why = scenes.plan()
    assert why is not None
    made = scenes.fulfil(why)
    publish(scenes.store, why)
    return made


def test_the_first_run_makes_everything_and_names_the_author(scenes: Scenes) -> None:
    assert len(first_run(scenes)) == 1 + 5 + 1
    why = DatasetWhy.from_json(scenes.store.get("plans/main/run-1/why.json"), what="why")
    assert why.people == ("author@example.org",)


def test_nothing_changed_plans_nothing(scenes: Scenes) -> None:
    first_run(scenes)
    scenes.push()
    assert scenes.plan() is None
    assert scenes.plan("reconcile") is None


def test_one_scene_of_three_edited_makes_exactly_its_shards(scenes: Scenes) -> None:
    first_run(scenes)
    scenes.edit("home/home.usda", "#usda 1.0\n# a lamp moved\n")
    scenes.push()
    why = scenes.plan()
    assert why is not None
    assert scenes.fulfil(why) == ["index", "generate:home[0+6]", "generate:home[6+6]", "validate"]


def test_the_outlook_says_which_part_of_the_key_moved(scenes: Scenes) -> None:
    first_run(scenes)
    scenes.edit("home/home.usda", "#usda 1.0\n# a lamp moved\n")
    scenes.push()
    why = scenes.plan()
    assert why is not None
    before = {str(line.slot): line for line in outlook(scenes.store, why)}
    assert before["index"].moved == ("input snapshot",)
    assert before["generate"].action == "depends"
    (slot,) = slots_of(scenes.store, why, "index")
    fulfil(scenes.store, slot.job, scenes.outputs(slot, why))
    after = {str(line.slot): line for line in outlook(scenes.store, why)}
    assert {name: line.action for name, line in after.items()} == {
        "index": "reuse",
        "generate:office[0+6]": "reuse",
        "generate:office[6+6]": "reuse",
        "generate:home[0+6]": "run",
        "generate:home[6+6]": "run",
        "generate:warehouse[0+6]": "reuse",
        "validate": "depends",
    }
    assert after["generate:home[0+6]"].moved == ("input index scenes/home.json",)


def test_an_edit_that_is_taken_back_publishes_the_old_dataset_again_without_work(scenes: Scenes) -> None:
    first_run(scenes)
    text = (scenes.folder / "home/home.usda").read_text()
    scenes.edit("home/home.usda", "#usda 1.0\n# other\n")
    scenes.push()
    why = scenes.plan()
    assert why is not None
    scenes.fulfil(why)
    publish(scenes.store, why)
    scenes.edit("home/home.usda", text)
    scenes.push()
    back = scenes.plan()
    assert back is not None
    assert scenes.fulfil(back) == []
    assert publish(scenes.store, back)[1]
    assert scenes.plan() is None


def test_a_run_keeps_its_snapshot_while_the_scenes_move_on(scenes: Scenes) -> None:
    why = scenes.plan()
    assert why is not None
    scenes.edit("home/home.usda", "#usda 1.0\n# edited during the run\n")
    scenes.push()
    assert slots_of(scenes.store, why, "index")[0].job.inputs[0].model_dump()["sha256"] == why.snapshot_sha256


def test_a_reused_run_publishes_nothing_new(scenes: Scenes) -> None:
    first_run(scenes)
    head = dataset_head(scenes.store, "main", "rooms")
    why = DatasetWhy.from_json(scenes.store.get("plans/main/run-1/why.json"), what="why")
    assert publish(scenes.store, why) == (head, False)


def test_after_three_runs_that_came_to_nothing_only_a_person_starts_another(scenes: Scenes) -> None:
    assert all(scenes.plan("reconcile") for _ in range(3))
    with pytest.raises(GivenUp, match="by hand"):
        scenes.plan("reconcile")
    assert scenes.plan("manual") is not None


def test_runs_that_came_to_something_never_count_as_failed(scenes: Scenes) -> None:
    for number in range(6):
        scenes.edit("home/home.usda", f"#usda 1.0\n# state {number % 2}\n")
        scenes.push()
        why = scenes.plan("reconcile")
        assert why is not None
        scenes.fulfil(why)
        publish(scenes.store, why)


def test_a_domain_without_scenes_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="scenes push"):
        plan_dataset(Store(str(tmp_path)), domain="main", recipe=RECIPE, run="r", triggers=[])


def test_a_pull_request_reuses_mains_runs_and_main_never_a_pull_requests(scenes: Scenes) -> None:
    first_run(scenes)
    push_scenes(scenes.store, "pr-7", scenes.folder, author="author@example.org", message="pr", pull_request="7")
    same = plan_dataset(scenes.store, domain="pr-7", recipe=RECIPE, run="pr", triggers=[])
    assert same is not None
    assert scenes.fulfil(same) == []
    scenes.edit("home/home.usda", "#usda 1.0\n# only in the pull request\n")
    push_scenes(scenes.store, "pr-7", scenes.folder, author="author@example.org", message="pr", pull_request="7")
    why = plan_dataset(scenes.store, domain="pr-7", recipe=RECIPE, run="pr-2", triggers=[])
    assert why is not None
    assert "generate:home[0+6]" in scenes.fulfil(why)
    scenes.push()
    mine = scenes.plan()
    assert mine is not None
    assert "generate:home[0+6]" in scenes.fulfil(mine)


@pytest.mark.parametrize(
    ("run", "folder"),
    [("manual__2026-01-01T00:00:00+00:00", "manual__2026-01-01T00-00-00-00-00"), ("a/../b", "a-..-b")],
)
def test_run_ids_become_safe_folders(run: str, folder: str) -> None:
    assert record_folder("main", run) == f"plans/main/{folder}"


@pytest.mark.parametrize("run", ["", "///", "..", "x" * 300])
def test_unusable_run_ids_are_refused(run: str) -> None:
    with pytest.raises(InputError):
        record_folder("main", run)


def test_batches_are_even_and_keep_order(scenes: Scenes) -> None:
    slots: Any = list(range(10))
    assert [len(batch) for batch in batches(slots, 4)] == [2, 3, 3, 2]
    assert [item for batch in batches(slots, 4) for item in batch] == slots
    assert batches((), 4) == ()
    assert len(batches(slots, 64)) == 10


def test_jobs_are_written_once_under_the_runs_folder(scenes: Scenes) -> None:
    why = scenes.plan()
    assert why is not None
    slots = slots_of(scenes.store, why, "index")
    keys = write_jobs(scenes.store, "plans/main/run-1", slots)
    assert write_jobs(scenes.store, "plans/main/run-1", slots) == keys
    assert all(key.startswith("plans/main/run-1/jobs/index-") for key in keys)


def test_a_manifest_names_the_run_it_was_made_for(scenes: Scenes) -> None:
    first_run(scenes)
    head = dataset_head(scenes.store, "main", "rooms")
    assert head is not None
    assert read_manifest(scenes.store, head.validate_ref).run_record == "plans/main/run-1"


def memo_of(scenes: Scenes, name: str) -> tuple[str, str]:
    """Where the memo of a slot lies, and the manifest that it names."""
    why = scenes.outlook()
    found = slots_of(scenes.store, why, name.partition(":")[0])
    slot = next(slot for slot in found if str(slot.name) == name)
    ref = find(scenes.store, slot)
    assert ref is not None
    key = next(key for key in scenes.store.keys("memo") if ref.uri.encode() in scenes.store.get(key))
    return key, ref.uri


SHARD = "generate:office[0+6]"


@pytest.mark.parametrize("what", ["memo", "manifest"])
@pytest.mark.parametrize("name", ["index", SHARD, "validate"])
def test_a_plan_passes_damage_over_names_it_and_runs_what_it_was(
    scenes: Scenes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, what: str
) -> None:
    first_run(scenes)
    damaged = memo_of(scenes, name)[what == "manifest"]
    scenes.store.put(damaged, scenes.store.get(damaged).replace(b"a", b"b", 1))
    code, said, warned = scenes.simgate_plan(monkeypatch, capfd)
    assert code == 3, warned
    assert damaged in warned
    action = {line["slot"]: line["action"] for line in said["lines"]}
    assert action[name] == "run"
    assert all(found != "run" for slot, found in action.items() if slot != name)
    again = scenes.plan()
    assert again is not None
    assert scenes.fulfil(again) == [name]
    assert memo_of(scenes, name)[1] != damaged, "its memo names the run that was made again"


def test_a_plan_names_an_index_whose_shard_plan_is_damaged(
    scenes: Scenes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    first_run(scenes)
    shards = next(key for key in scenes.store.keys("runs/main/index") if key.endswith("shards.json"))
    scenes.store.put(shards, b"{}")
    code, said, warned = scenes.simgate_plan(monkeypatch, capfd)
    assert code == 3
    assert shards in warned
    assert {line["slot"]: line["action"] for line in said["lines"]}["generate"] == "depends"
