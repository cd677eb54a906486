"""Commands that read: past damage, in one form of digests and times, to the newest run, and never with a traceback."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.tree import Tree

from simgate.cli import main
from simgate.cli.console import complain, console, show_json, show_table
from simgate.core.documents.artifact import ManifestRef
from simgate.core.runtime.job import Input
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.release.policy import Role
from simgate.release.promote import promote
from tests.release_chain import POLICY, Chain, answer

Evidence = Mapping[Role, ManifestRef]


@dataclass(frozen=True)
class World:
    """A store in which two models went live, one after the other: another scene, other weights."""

    store: Store
    first: Evidence
    second: Evidence


class Edited(Chain):
    """A chain whose scene has changed, so that no shard of it is another's."""

    def commit(
        self,
        stage: str,
        spec: Mapping[str, Any],
        inputs: Sequence[Input],
        outputs: Mapping[str, bytes],
        *,
        gate: bool = False,
        nonce: str | None = None,
    ) -> ManifestRef:
        edited = {"index": {"scenes/a.json": b'{"edited":1}'}, "generate": {"shard.tar": b"edited"}}
        return super().commit(stage, spec, inputs, {**outputs, **edited.get(stage, {})}, gate=gate, nonce=nonce)


def go_live(chain: Chain, before: Evidence | None = None) -> Evidence:
    """Propose and promote, beside what was live before; the evidence."""
    evidence: dict[Role, ManifestRef] = chain.evidence()
    if before is not None:
        evidence["evaluate_live"] = chain.evaluate(before["train"], evidence["validate"])
    entry = chain.add(chain.candidate(evidence))
    promote(chain.store, POLICY, model=chain.model, channel=chain.channel, gate=answer(entry))
    return evidence


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    chain = Chain(Store(str(folder / "store")), folder / "scenes", run="scheduled__2026-11-30T01-00-00-00-00")
    first = go_live(chain)
    (folder / "scenes/b.usda").write_text("#usda 1.0\n# new\n")
    later = Edited(chain.store, chain.folder, run="release-2", nonce="2" * 16, weights=b"better")
    second = go_live(later, first)
    return World(chain.store, first, second)


@pytest.fixture
def world(made: World, tmp_path: Path) -> World:
    """The same, to be damaged."""
    shutil.copytree(made.store.url, tmp_path / "store")
    return World(Store(str(tmp_path / "store")), made.first, made.second)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Done]


@pytest.fixture
def simgate(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Call]:
    """The command in this process, on a store."""
    before, policy = os.umask(0o077), tmp_path_factory.mktemp("policy") / "policy.yaml"
    policy.write_bytes(POLICY.to_json())
    monkeypatch.setenv("SIMGATE_POLICY", str(policy))
    monkeypatch.setenv("SIMGATE_USER", "grace@example.org")

    def call(store: Store, *arguments: str) -> Done:
        monkeypatch.setenv("SIMGATE_STORE", store.url)
        monkeypatch.setattr(sys, "argv", ["simgate", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return Done(ended.value.code if isinstance(ended.value.code, int) else 0, said.out, said.err)

    yield call
    os.umask(before)


def flip(store: Store, key: str) -> None:
    path = Path(store.url) / key
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))


def memo_of(store: Store, ref: ManifestRef) -> str:
    return next(key for key in store.keys("memo") if ref.uri.encode() in store.get(key))


# Damage


def test_runs_lists_the_others_and_names_a_damaged_manifest(world: World, simgate: Call) -> None:
    whole = simgate(world.store, "runs")
    assert whole.code == 0
    flip(world.store, world.second["train"].uri)
    done = simgate(world.store, "runs")
    assert done.code == 3
    assert len(done.out.splitlines()) == len(whole.out.splitlines()) - 1
    assert done.err.count("damage passed over") == 1
    assert world.second["train"].uri in done.err.replace("\n", "")


def test_runs_and_plan_pass_a_flipped_memo_over_and_name_it(world: World, simgate: Call) -> None:
    key = memo_of(world.store, world.second["train"])
    flip(world.store, key)
    done = simgate(world.store, "runs")
    assert (done.code, done.err.count("damage passed over")) == (3, 1)
    assert key in done.err
    assert "made again and replaces the memo" in done.err


def test_runs_shows_a_gate_whose_verdict_is_damaged_without_one(world: World, simgate: Call) -> None:
    verdict = read_manifest(world.store, world.second["hil"]).artifact("verdict.json")
    (Path(world.store.url) / verdict.uri).write_bytes(b"{}")
    done = simgate(world.store, "runs", "--json")
    assert done.code == 3
    (row,) = [row for row in json.loads(done.out) if row["manifest"] == world.second["hil"].uri]
    assert row["verdict"] == ""


@pytest.mark.parametrize("role", ["hil", "train", "validate"])
def test_lineage_draws_the_rest_of_a_tree_whose_manifest_is_damaged(world: World, simgate: Call, role: Role) -> None:
    flip(world.store, world.second[role].uri)
    done = simgate(world.store, "lineage")
    assert done.code == 3
    assert f"{role} damaged {world.second[role].uri}" in " ".join(done.out.split())
    assert "evaluate" in done.out
    assert done.err.count("damage passed over") == 1
    assert simgate(world.store, "lineage", "--json").code == 3


def test_lineage_names_a_damaged_snapshot(world: World, simgate: Call) -> None:
    for key in world.store.keys("snapshots"):
        flip(world.store, key)
    done = simgate(world.store, "lineage", "--files")
    assert done.code == 3
    assert "snapshots/" in done.err


def test_what_an_attempt_leaves_before_its_commit_is_in_the_manifest_and_verified(world: World, simgate: Call) -> None:
    folder = world.second["train"].uri.rpartition("/")[0]
    assert "started.json" in {item.name for item in read_manifest(world.store, world.second["train"]).byproducts}
    flip(world.store, f"{folder}/started.json")
    done = simgate(world.store, "verify", world.second["train"].uri)
    assert done.code == 3
    assert "started.json" in done.out + done.err


def test_show_says_what_lies_beside_a_run_and_has_no_digest(world: World, simgate: Call) -> None:
    folder = world.second["train"].uri.rpartition("/")[0]
    world.store.put(f"{folder}/report.html", b"<html>")
    world.store.put(f"{folder}/extra.txt", b"?")
    done = simgate(world.store, "show", world.second["train"].uri)
    said = " ".join(done.out.split())
    assert "report.html the page, drawn from the files above after the commit: a view, no evidence" in said
    assert "extra.txt not of this run" in said


@pytest.mark.parametrize("command", [("live",), ("live", "navigator"), ("history",), ("verify",)])
def test_a_ledger_that_is_gone_whole_is_missed_by_the_candidates_that_it_leaves(
    world: World, simgate: Call, command: tuple[str, ...]
) -> None:
    shutil.rmtree(Path(world.store.url) / "ledger")
    done = simgate(world.store, *command)
    assert done.code == 3
    assert "has lost entries" in done.out + done.err


def test_a_head_that_is_no_whole_digest_is_wrong_input_and_history_prints_a_whole_one(
    world: World, simgate: Call
) -> None:
    newest = json.loads(simgate(world.store, "history", "--json").out)[-1]["sha256"]
    short = simgate(world.store, "verify", "--head", newest[:12])
    assert short.code == 2
    assert "64 hexadecimal digits" in short.err
    assert f"head {newest}" in simgate(world.store, "history").out
    assert simgate(world.store, "verify", "--head", newest).code == 0


@pytest.mark.parametrize(
    "command", [("rollback", "--why", "worse"), ("lineage",), ("lineage", "--diff"), ("witness", "heads.jsonl")]
)
def test_a_ledger_that_does_not_hold_is_exit_3_in_every_command(
    world: World, simgate: Call, command: tuple[str, ...]
) -> None:
    flip(world.store, "ledger/navigator/000000000002.json")
    done = simgate(world.store, *command)
    assert done.code == 3
    assert "does not hold" in done.err


# Finding


def test_a_stages_name_means_its_newest_run(world: World, simgate: Call) -> None:
    done = simgate(world.store, "show", "hil", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == read_manifest(world.store, world.second["hil"]).model_dump(mode="json")
    assert simgate(world.store, "lineage", "train").out.startswith(world.second["train"].uri)
    nothing = simgate(world.store, "show", "probe")
    assert nothing.code == 2
    assert "no committed probe run" in nothing.err


# Form


def test_no_row_of_runs_is_cut(world: World, simgate: Call) -> None:
    out = simgate(world.store, "runs").out
    assert "…" not in out
    assert "scheduled__2026-11-30T01-00-00-00-00" in out
    assert "plans/main" not in out


READING = [
    ("runs",), ("show", "hil"), ("show", "train"), ("lineage",), ("lineage", "--files"), ("lineage", "--diff"),
    ("lineage", "hil"), ("live",), ("history",), ("scenes", "log"), ("verify",),
]  # fmt: skip
HEX = re.compile(r"(?<![0-9a-zA-Z_./-])[0-9a-f]{8,64}(?![0-9a-zA-Z_./-])")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*")


@pytest.mark.parametrize("command", READING)
def test_every_command_shows_digests_at_12_digits_or_whole_and_times_in_one_form(
    world: World, simgate: Call, command: tuple[str, ...]
) -> None:
    out = simgate(world.store, *command).out
    asked = {b"weights".hex(), b"better".hex()}  # a field of the spec
    assert {len(found) for found in HEX.findall(out) if found not in asked} <= {12, 64}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ,?", found) for found in TIME.findall(out)), out


# Difference


def test_lineage_diff_says_what_changed_since_the_model_before(world: World, simgate: Call) -> None:
    done = simgate(world.store, "lineage", "--diff", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert [(item["change"], item["name"]) for item in found["files"]] == [("added", "b.usda")]
    assert {"train", "export onnxruntime-cpu", "validate"} <= {item["name"] for item in found["stages"]}
    assert {item["name"]: (item["before"], item["now"]) for item in found["fields"]} == {
        "train: weights": (b"weights".hex(), b"better".hex())
    }
    shown = simgate(world.store, "lineage", "--diff")
    assert len(shown.out.splitlines()) < 30
    assert "1 scene files differ" in shown.out


def test_lineage_diff_takes_two_damaged_things_for_unknown_and_names_them(world: World, simgate: Call) -> None:
    whole = json.loads(simgate(world.store, "lineage", "--diff", "--json").out)
    hil = [evidence["hil"].uri for evidence in (world.first, world.second)]
    for key in hil:
        flip(world.store, key)
    done = simgate(world.store, "lineage", "--diff", "--json")
    found = json.loads(done.out)
    assert done.code == 3
    assert found["damaged"] == sorted(hil)
    assert [item["change"] for item in found["stages"] if item["name"] == "hil"] == ["unknown"]
    assert found["same_stages"] == whole["same_stages"] - 1
    assert found["files"] == [{**whole["files"][0], "change": "unknown", "before": "damaged"}]
    assert hil[0] in simgate(world.store, "lineage", "--diff").out.replace("\n", "")


def test_lineage_diff_of_two_damaged_snapshots_names_them(world: World, simgate: Call) -> None:
    snapshots = [key for key in world.store.keys("snapshots") if not key.endswith("/")]
    for key in snapshots:
        flip(world.store, key)
    found = json.loads(simgate(world.store, "lineage", "--diff", "--json").out)
    assert found["files"] == []
    assert len(found["damaged"]) == 2
    assert all(any(key in named for key in snapshots) for named in found["damaged"])


def test_lineage_diff_without_a_model_before_is_refused(tmp_path: Path, simgate: Call) -> None:
    chain = Chain(Store(str(tmp_path / "store")), tmp_path / "scenes")
    go_live(chain)
    done = simgate(chain.store, "lineage", "--diff")
    assert done.code == 2
    assert "before this one" in done.err


# Bad targets

BAD_TARGETS = [
    "runs/main/../x/y/manifest.json", "runs/main/train/../y/manifest.json", "../../../etc/passwd", "/etc/passwd",
    "runs/main/hil/\0/a/manifest.json", "runs//hil/k/a/manifest.json", "runs/main/hil/k/a/manifest.json", ".", "..",
    "a" * 5000, "runs/main/hil/" + "k" * 300 + "/a/manifest.json", "\udcff/x", "é/é", "[bold]", "--", "#", "\n", "",
]  # fmt: skip
COMMANDS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "show": lambda target: ("show", "--", target),
    "link": lambda target: ("link", "--", target),
    "link to a file": lambda target: ("link", "--", "hil", target),
    "lineage": lambda target: ("lineage", "--", target),
    "lineage of a channel": lambda target: ("lineage", "--channel", target),
    "lineage --diff": lambda target: ("lineage", "--diff", "--", target),
    "verify": lambda target: ("verify", "--", target),
    "runs": lambda target: ("runs", "--stage", target),
    "runs of a domain": lambda target: ("runs", "--domain", target),
    "live": lambda target: ("live", "--", target),
    "live at": lambda target: ("live", "--at", target),
    "history": lambda target: ("history", "--", target),
    "plan": lambda target: ("plan", "--recipes", target),
    "store forget": lambda target: ("store", "forget", "--", target),
    "store recover": lambda target: ("store", "recover", "--", target, "0" * 64),
    "keys show": lambda target: ("keys", "show", "--policy", target),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_target_makes_a_command_end_in_a_traceback(made: World, simgate: Call, command: str) -> None:
    for target in BAD_TARGETS:
        check_refused(made.store, simgate, COMMANDS[command](target))


PARTS = st.sampled_from(
    ["runs", "main", "memo", "pr-1", "hil", "train", "..", ".", "", "manifest.json", "navigator", "0" * 64, "ab", "~"]
)
TARGETS = st.text(max_size=30) | st.lists(PARTS, min_size=1, max_size=7).map("/".join)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(target=TARGETS, command=st.sampled_from(sorted(COMMANDS)))
def test_no_made_up_target_makes_a_command_end_in_a_traceback(
    made: World, simgate: Call, target: str, command: str
) -> None:
    check_refused(made.store, simgate, COMMANDS[command](target))


def check_refused(store: Store, simgate: Call, arguments: tuple[str, ...]) -> None:
    """Done, or one clear error: what was typed is wrong input, what is not in the store is not found."""
    done = simgate(store, *arguments)
    assert done.code in (0, 1, 2, 3), (arguments, done)
    assert "Traceback" not in done.out + done.err
    if done.code:
        assert done.err.strip() or done.out.strip(), arguments


def test_a_key_that_leaves_the_store_is_wrong_input_in_one_line(made: World, simgate: Call) -> None:
    for command in ("show", "lineage", "verify", "link"):
        done = simgate(made.store, command, "runs/main/../x/y/manifest.json")
        assert done.code == 2, done
        assert len(done.err.strip().splitlines()) == 1
        assert "not a key of a store" in done.err


# Other people's words

CONTROLS = "".join(map(chr, (*range(32), *range(127, 160), 0x202E, 0x2028, 0x200B)))
HOSTILE = f"fine{CONTROLS}[bold]forged[/] :smile:"


def moves_nothing(said: str) -> bool:
    return all(sign.isprintable() or sign == "\n" for sign in said)


def test_a_why_that_would_take_the_terminal_is_shown_escaped_in_one_row(world: World, simgate: Call) -> None:
    before = len(simgate(world.store, "history").out.splitlines())
    why = "doors\x1b[2J\x1b]0;owned\x07\x9b1A\n  9  all is well\u202e [red]x"
    assert simgate(world.store, "rollback", "--who", "boss", "--why", why).code == 0
    done = simgate(world.store, "history")
    assert moves_nothing(done.out)
    joined = "".join(done.out.split())
    assert r"\x1b[2J" in done.out
    assert "[red]" in joined
    assert not any(line.lstrip().startswith("9 ") for line in done.out.splitlines())
    assert len(done.out.splitlines()) > before
    newest = simgate(world.store, "history", "--json").out
    assert moves_nothing(newest)
    assert json.loads(newest)[-1]["decision"]["why"] == why


@pytest.mark.parametrize(
    "show",
    [
        lambda: complain(HOSTILE),
        lambda: show_json({HOSTILE: [HOSTILE]}),
        lambda: show_table(("a", HOSTILE), [(HOSTILE, HOSTILE)], title=HOSTILE),
        lambda: console().print(HOSTILE),
        lambda: console().print(HOSTILE, markup=False),
        lambda: console().print(Tree(HOSTILE)),
    ],
)
def test_nothing_that_is_printed_gives_the_terminal_a_control_character(
    show: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    show()
    said = capsys.readouterr()
    assert moves_nothing((said.out + said.err).replace("\t", ""))
    assert "x1b" in (said.out + said.err) or r"\u001b" in said.out


def test_a_complaint_and_a_cell_are_one_line_whatever_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    complain("lost\nverified navigator\r\nall is well")
    show_table(("a",), [("lost\nverified navigator",)])
    said = capsys.readouterr()
    assert said.err == "error: lost\\nverified navigator\\r\\nall is well\n"
    assert [line.strip() for line in said.out.splitlines()] == ["a", "lost\\nverified navigator"]


# Deciding


def test_who_is_nobody_in_the_policy_is_told_of_who_and_of_the_people_who_may(world: World, simgate: Call) -> None:
    for command in (("rollback",), ("quarantine", "a" * 64)):
        done = simgate(world.store, *command, "--why", "worse", "--who", "stranger@example.org")
        assert done.code == 2
        said = " ".join(done.err.split())
        assert "'stranger@example.org' is nobody in the policy" in said
        assert "--who names one of those who may:" in said
        assert "boss" in said
