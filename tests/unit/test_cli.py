"""The command: exit codes as documented, one red line for an error, JSON for scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from simgate.cli import main
from simgate.cli.app import app
from simgate.core.storage.heads import scenes_head
from simgate.core.storage.store import Store
from simgate.release.decision import Word, quarantine
from tests.demo_recipes import POLICY as DEMO_POLICY
from tests.demo_recipes import RECIPES
from tests.release_chain import POLICY

COMMANDS = ("plan", "run", "runs", "show", "lineage", "verify", "live", "history", "rollback", "quarantine", "safety")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


class Simgate(Protocol):
    """Runs the command on a store."""

    def __call__(self, store: Path, *arguments: str) -> Done: ...


@pytest.fixture
def simgate(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Simgate]:
    """The command in this process: the same entry as the installed script's, without its start-up time."""
    before = os.umask(0o077)
    monkeypatch.setenv("SIMGATE_USER", "operator@example.org")
    monkeypatch.setenv("SIMGATE_POLICY", str(DEMO_POLICY))
    monkeypatch.setenv("COLUMNS", "200")

    def call(store: Path, *arguments: str) -> Done:
        monkeypatch.setenv("SIMGATE_STORE", str(store))
        monkeypatch.setattr(sys, "argv", ["simgate", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        said = capfd.readouterr()
        return Done(code if isinstance(code, int) else 0, said.out, said.err)

    yield call
    os.umask(before)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    folder = tmp_path / "scenes"
    folder.mkdir()
    (folder / "room.usda").write_text('#usda 1.0\ndef Xform "room" {}\n')
    return folder


@pytest.fixture
def probed(simgate: Simgate, tmp_path: Path) -> tuple[Path, str]:
    """A store with one committed probe run, and the key of its manifest."""
    store = tmp_path / "store"
    done = simgate(store, "run", "probe", "--spec", str(write_spec(tmp_path, {"seed": 5})), "--json")
    assert done.returncode == 0, done.stderr
    return store, json.loads(done.stdout)["manifest"]


def write_spec(folder: Path, spec: object) -> Path:
    path = folder / "spec.json"
    path.write_text(json.dumps(spec))
    return path


def test_help_names_every_command_and_every_exit_code(simgate: Simgate, tmp_path: Path) -> None:
    done = simgate(tmp_path, "--help")
    assert done.returncode == 0
    for word in (
        *COMMANDS,
        "scenes",
        "ledger",
        "0    done",
        "1    failed",
        "2    wrong input",
        "3    damage",
        "130",
        "143",
    ):
        assert word in done.stdout
    assert "  pipeline" not in done.stdout


def test_every_command_option_and_argument_has_a_help_text() -> None:
    from typer.main import get_command

    waiting = [get_command(app)]
    while waiting:
        command = waiting.pop()
        assert command.help, command.name
        waiting.extend(getattr(command, "commands", {}).values())
        for parameter in command.params:
            assert getattr(parameter, "help", ""), f"{command.name}: {parameter.name}"


def test_verify_says_that_it_has_no_witness_where_none_is_given(simgate: Simgate, tmp_path: Path) -> None:
    said = simgate(tmp_path, "verify", "--help").stdout
    assert "[default: (none)]" in said
    assert "[default: .]" not in said


def test_an_unknown_option_exits_2(simgate: Simgate, tmp_path: Path) -> None:
    assert simgate(tmp_path, "runs", "--bogus").returncode == 2


def test_a_push_moves_the_head_once(simgate: Simgate, tmp_path: Path, scenes: Path) -> None:
    store = tmp_path / "store"
    first = simgate(store, "scenes", "push", str(scenes), "--author", "ada@example.org", "-m", "first", "--json")
    again = simgate(store, "scenes", "push", str(scenes), "--json")
    assert (first.returncode, again.returncode) == (0, 0)
    assert json.loads(first.stdout)["new"] is True
    assert json.loads(again.stdout)["new"] is False
    head = scenes_head(Store(str(store)), "main")
    assert head is not None
    assert (head.seq, head.author, head.message) == (1, "ada@example.org", "first")
    assert "ada@example.org" in simgate(store, "scenes", "log").stdout


def test_a_push_of_a_pull_request_moves_its_own_head_and_says_whose_it_is(
    simgate: Simgate, tmp_path: Path, scenes: Path
) -> None:
    store = tmp_path / "store"
    wrong = simgate(store, "scenes", "push", str(scenes), "--domain", "pr-7", "--pull-request", "8")
    assert wrong.returncode == 2
    assert "domain pr-7 is another pull request's" in wrong.stderr
    assert simgate(store, "scenes", "push", str(scenes), "--domain", "pr-0").returncode == 2
    assert simgate(store, "scenes", "push", str(scenes), "--domain", "pr-7").returncode == 0
    head = scenes_head(Store(str(store)), "pr-7")
    assert head is not None
    assert head.pull_request == "7"
    assert scenes_head(Store(str(store)), "main") is None


def test_pushing_what_is_no_folder_exits_2_with_one_line(simgate: Simgate, tmp_path: Path) -> None:
    done = simgate(tmp_path / "store", "scenes", "push", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "nowhere" in done.stderr


def test_what_the_command_writes_is_the_operators_alone(simgate: Simgate, tmp_path: Path, scenes: Path) -> None:
    store = tmp_path / "store"
    simgate(store, "scenes", "push", str(scenes))
    written = [path for path in store.rglob("*") if path.is_file()]
    assert written
    assert all(path.stat().st_mode & 0o077 == 0 for path in written)


def test_run_makes_a_stage_once_and_then_reuses_it(simgate: Simgate, tmp_path: Path, probed: tuple[Path, str]) -> None:
    store, manifest = probed
    again = simgate(store, "run", "probe", "--spec", str(tmp_path / "spec.json"), "--json")
    assert json.loads(again.stdout) == {**json.loads(again.stdout), "manifest": manifest, "outcome": "reused"}


def test_run_takes_another_run_as_input(simgate: Simgate, tmp_path: Path, probed: tuple[Path, str]) -> None:
    store, manifest = probed
    spec = str(write_spec(tmp_path, {"seed": 6}))
    done = simgate(store, "run", "probe", "--spec", spec, "--input", f"{manifest}#file-0.bin", "--json")
    assert done.returncode == 0, done.stderr
    tree = json.loads(simgate(store, "lineage", json.loads(done.stdout)["manifest"], "--json").stdout)
    assert tree["made_from"][""]["made_from"][0]["uri"] == manifest


@pytest.mark.parametrize(
    ("spec", "said"), [({"seed": "x"}, "field seed"), ({"seed": 1, "speed": 2}, "field speed"), ({}, "field seed")]
)
def test_a_wrong_spec_exits_2_and_names_the_field(simgate: Simgate, tmp_path: Path, spec: object, said: str) -> None:
    done = simgate(tmp_path / "store", "run", "probe", "--spec", str(write_spec(tmp_path, spec)))
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(("end", "code"), [("error", 1), ("bad-input", 2), ("preempted-once", 143)])
def test_run_ends_with_the_stages_exit_code(simgate: Simgate, tmp_path: Path, end: str, code: int) -> None:
    spec = str(write_spec(tmp_path, {"seed": 1, "end": end}))
    done = simgate(tmp_path / "store", "run", "probe", "--spec", spec)
    assert done.returncode == code, done.stderr
    assert "stage probe failed" in done.stderr


def test_a_stage_that_does_not_exist_exits_2(simgate: Simgate, tmp_path: Path) -> None:
    done = simgate(tmp_path / "store", "run", "dream", "--spec", str(write_spec(tmp_path, {})))
    assert done.returncode == 2
    assert "dream" in done.stderr


def test_runs_and_show_tell_what_was_made(simgate: Simgate, probed: tuple[Path, str]) -> None:
    store, manifest = probed
    listed = json.loads(simgate(store, "runs", "--json").stdout)
    assert [(row["stage"], row["verdict"], row["manifest"]) for row in listed] == [("probe", "PASS", manifest)]
    assert listed[0]["run_key"][:12] in simgate(store, "runs").stdout
    shown = simgate(store, "show", listed[0]["run_key"][:8])
    assert shown.returncode == 0
    for word in ("file-0.bin", "PASS", listed[0]["run_key"], "observed.json"):
        assert word in shown.stdout
    assert json.loads(simgate(store, "show", manifest, "--json").stdout)["predicateType"]


def test_show_of_an_unknown_run_exits_2(simgate: Simgate, probed: tuple[Path, str]) -> None:
    assert simgate(probed[0], "show", "0" * 12).returncode == 2
    assert simgate(probed[0], "show", "ab").returncode == 2


def test_verify_of_a_sound_run_exits_0(simgate: Simgate, probed: tuple[Path, str]) -> None:
    done = simgate(probed[0], "verify", probed[1])
    assert done.returncode == 0
    assert "verified" in done.stdout


@pytest.mark.parametrize("name", ["file-1.bin", "manifest.json", "observed.json"])
def test_verify_of_one_flipped_byte_exits_3_and_names_it(simgate: Simgate, probed: tuple[Path, str], name: str) -> None:
    store, manifest = probed
    damaged = (store / manifest).with_name(name)
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    done = simgate(store, "verify", manifest, "--json")
    assert done.returncode == 3, done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert any(name in finding["uri"] and "sha256" in finding["problem"] for finding in findings)


def test_verify_of_a_missing_output_exits_3(simgate: Simgate, probed: tuple[Path, str]) -> None:
    store, manifest = probed
    (store / manifest).with_name("file-2.bin").unlink()
    assert simgate(store, "verify", manifest).returncode == 3


def test_an_empty_store_has_nothing_live_and_nothing_to_verify(simgate: Simgate, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    assert json.loads(simgate(tmp_path / "store", "live", "--json").stdout) == []
    assert simgate(tmp_path / "store", "verify").returncode == 2
    assert simgate(tmp_path / "store", "history").returncode == 2


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("live",), "nothing is live"),
        (("runs",), "no committed run in domain main"),
        (("scenes", "log"), "no push yet"),
        (("history",), "the store has no model yet"),
        (("verify",), "nothing to verify: the store has no model yet"),
    ],
)
def test_an_empty_store_is_said_to_be_empty(
    simgate: Simgate, tmp_path: Path, command: tuple[str, ...], said: str
) -> None:
    (tmp_path / "store").mkdir()
    done = simgate(tmp_path / "store", *command)
    assert said in done.stdout + done.stderr


READERS = (
    ("live",), ("history",), ("verify",), ("lineage",), ("runs",), ("show", "hil"), ("plan",), ("scenes", "log"),
    ("link", "hil"), ("rollback", "--why", "worse"), ("ledger", "sync"), ("store", "forget", "0" * 12),
)  # fmt: skip


@pytest.mark.parametrize("command", READERS)
def test_a_store_folder_that_is_not_there_is_refused_by_a_reader_and_not_made(
    simgate: Simgate, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = simgate(tmp_path / "stroe", *command)
    assert done.returncode == 2
    assert "no store there" in done.stderr
    assert "SIMGATE_STORE" in done.stderr
    assert not (tmp_path / "stroe").exists()


@pytest.mark.parametrize(
    ("command", "known"), [(("live", "--channel", "dmeo"), "demo"), (("runs", "--stage", "hli"), "hil")]
)
def test_an_unknown_channel_or_stage_is_refused_with_the_known_ones(
    simgate: Simgate, tmp_path: Path, command: tuple[str, ...], known: str
) -> None:
    done = simgate(tmp_path, *command)
    assert done.returncode == 2
    assert known in done.stderr


def test_live_at_what_is_no_time_exits_2(simgate: Simgate, tmp_path: Path) -> None:
    done = simgate(tmp_path, "live", "--at", "yesterday")
    assert done.returncode == 2
    assert "ISO 8601" in done.stderr


def begin_ledger(store: Path) -> None:
    quarantine(Store(str(store)), POLICY, model="navigator", digest="c" * 64, by=Word("boss", "to begin"))


def test_quarantine_writes_who_and_why_into_the_ledger(simgate: Simgate, tmp_path: Path) -> None:
    store = tmp_path / "store"
    begin_ledger(store)
    done = simgate(store, "quarantine", "a" * 64, "--why", "it drove into a plant", "--json")
    assert done.returncode == 0, done.stderr
    newest = json.loads(simgate(store, "history", "--json").stdout)[-1]
    decision = newest["decision"]
    assert (decision["action"], decision["who"], decision["why"]) == (
        "quarantine",
        "operator@example.org",
        "it drove into a plant",
    )
    assert newest["after"]["quarantined"][-1]["digest"] == "a" * 64


def test_quarantine_wants_a_whole_digest_and_a_reason(simgate: Simgate, tmp_path: Path) -> None:
    store = tmp_path / "store"
    begin_ledger(store)
    assert simgate(store, "quarantine", "abc", "--why", "x").returncode == 2
    assert simgate(store, "quarantine", "a" * 64, "--why", " ").returncode == 2
    assert simgate(store, "quarantine", "a" * 64).returncode == 2


def test_rollback_without_a_previous_model_is_refused_with_exit_2(simgate: Simgate, tmp_path: Path) -> None:
    store = tmp_path / "store"
    begin_ledger(store)
    done = simgate(store, "rollback", "--why", "worse", "--channel", "demo")
    assert done.returncode == 2
    assert "no previous model" in done.stderr


def test_verify_with_a_noted_head_notices_a_cut_tail(simgate: Simgate, tmp_path: Path) -> None:
    store = tmp_path / "store"
    begin_ledger(store)
    entry = json.loads(simgate(store, "quarantine", "b" * 64, "--why", "noted", "--json").stdout)
    assert simgate(store, "verify", "--head", entry["sha256"]).returncode == 0
    (store / "ledger" / "navigator" / f"{entry['seq']:012d}.json").unlink()
    assert simgate(store, "verify").returncode == 0
    assert simgate(store, "verify", "--head", entry["sha256"]).returncode == 3


def test_a_registry_that_cannot_be_reached_fails_nothing(simgate: Simgate, tmp_path: Path) -> None:
    store = tmp_path / "store"
    begin_ledger(store)
    done = simgate(store, "ledger", "sync", "--tracking-uri", "bogus://nowhere", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["synced"] is False
    assert told["problem"]


def test_plan_without_scenes_exits_2(simgate: Simgate, tmp_path: Path) -> None:
    done = simgate(tmp_path / "store", "plan")
    assert done.returncode == 2
    assert "scenes push" in done.stderr


def test_plan_says_what_would_run_and_writes_nothing(simgate: Simgate, tmp_path: Path) -> None:
    store, scenes = tmp_path / "store", tmp_path / "pushed"
    for name in ("office", "home", "warehouse", "kitchen"):
        (scenes / name).mkdir(parents=True)
        (scenes / name / f"{name}.usda").write_text("#usda 1.0\n")
    pushed = simgate(store, "scenes", "push", str(scenes), "--recipes", str(RECIPES))
    assert "no recipe takes kitchen" in pushed.stderr
    before = sorted(path for path in store.rglob("*"))
    done = simgate(store, "plan", "--json", "--recipes", str(RECIPES))
    assert done.returncode == 0, done.stderr
    lines = {line["slot"]: line for line in json.loads(done.stdout)["lines"]}
    assert lines["index"] == {"recipe": "rooms", "slot": "index", "action": "run", "moved": ["first time"]}
    assert lines["train"]["action"] == "depends"
    assert sorted(path for path in store.rglob("*")) == before


def test_a_push_beside_a_folder_of_recipes_that_no_folder_can_be_is_a_push(
    simgate: Simgate, tmp_path: Path, scenes: Path
) -> None:
    done = simgate(tmp_path / "store", "scenes", "push", str(scenes), "--recipes", "a" * 5000)
    assert done.returncode == 0, done.stderr


def test_a_recipe_that_takes_a_scene_which_is_not_pushed_is_refused_with_what_to_do(
    simgate: Simgate, tmp_path: Path, scenes: Path
) -> None:
    store = tmp_path / "store"
    assert "takes scene" in simgate(store, "scenes", "push", str(scenes), "--recipes", str(RECIPES)).stderr
    done = simgate(store, "plan", "--recipes", str(RECIPES))
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "which is not pushed" in said
    assert "change the recipe's scenes" in said


def test_the_installed_command_starts_and_ends_with_the_errors_code(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("simgate")), "show", "0" * 12, "--store", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no committed run")
