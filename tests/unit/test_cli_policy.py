"""simgate policy: what it writes loads, what it fills in is named, what a person wrote stays."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from simgate.cli import main
from simgate.release.policy import Policy
from simgate.release.policy_text import BEGIN, END
from simgate.release.reference import Reference
from tests.demo_recipes import RECIPES, demo_dataset_recipe, demo_release_recipe, write_recipes

SHIPPED = Path(__file__).parents[2] / "examples/demo/policy.yaml"
FIELD_TEST = """
  field-test:
    gates: [validate, evaluate, export, hil]
    reference: *field-test
    benches: [emulated]
    approvers: [release-manager]
"""
DEMO = Reference.of(demo_dataset_recipe(), demo_release_recipe())


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["simgate", "policy", *words])
    if "--recipes" not in words:
        monkeypatch.setenv("SIMGATE_RECIPES", str(RECIPES))
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_a_new_policy_loads_and_asks_what_the_recipes_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "policy.yaml"
    assert call(monkeypatch, "new", "--policy", str(path)) == 0
    assert Policy.load(path).channels["demo"].reference == DEMO
    before = path.read_text()
    assert call(monkeypatch, "new", "--policy", str(path)) == 2, "a policy that is there is never overwritten"
    assert path.read_text() == before


def test_the_shipped_policy_is_as_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(SHIPPED.read_bytes())
    assert call(monkeypatch, "new", "--update", "--policy", str(path)) == 0
    assert path.read_text() == SHIPPED.read_text()


def test_an_update_fills_in_what_is_missing_names_it_and_keeps_every_value_and_every_other_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = SHIPPED.read_text().splitlines(keepends=True)
    kept = [line for line in lines if "max_trips" not in line]
    text = "".join(kept).replace("silence_limit_ms: 600.0", "silence_limit_ms: 450.0\n        gone_ms: 3")
    path = tmp_path / "policy.yaml"
    path.write_text(text + "# a person's last line\n")
    assert call(monkeypatch, "check", "--policy", str(path)) == 2
    assert "lacks hil.max_trips" in capsys.readouterr().err
    assert call(monkeypatch, "new", "--update", "--policy", str(path)) == 0
    said = capsys.readouterr().err
    assert "new, decide: demo.hil.max_trips: 0" in said
    assert "new, decide: production.hil.max_trips: 0" in said
    assert "dropped, no spec has it: demo.hil.limits.gone_ms" in said
    hil = Policy.load(path).channels["demo"].reference.hil
    assert hil is not None
    assert (hil.max_trips, hil.limits.silence_limit_ms) == (0, 450.0)
    outside = [part for part in path.read_text().split(BEGIN)[0].splitlines() if part]
    assert outside == [part for part in SHIPPED.read_text().split(BEGIN)[0].splitlines() if part]
    assert path.read_text().endswith("# a person's last line\n")


def test_a_channel_that_is_to_come_gets_a_reference_and_one_without_a_gate_gets_none_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(SHIPPED.read_bytes())
    assert call(monkeypatch, "new", "--update", "--channel", "field-test", "--policy", str(path)) == 2
    assert "has no such channel, got field-test, expected demo | production" in capsys.readouterr().err
    assert path.read_text() == SHIPPED.read_text()
    path.write_text(f"{SHIPPED.read_text()}{FIELD_TEST}")
    assert call(monkeypatch, "new", "--update", "--channel", "field-test", "--policy", str(path)) == 0
    block = yaml.safe_load(path.read_text().split(BEGIN)[1].split(END)[0])["x-references"]
    assert block["field-test"] == DEMO.model_dump(mode="json")
    assert sorted(block) == ["demo", "field-test", "production"]
    del block["demo"]["hil"]
    head, tail = path.read_text().split(BEGIN)[0], path.read_text().split(END)[1]
    path.write_text(f"{head}{BEGIN}\n{yaml.safe_dump({'x-references': {'demo': block['demo']}})}{END}{tail}")
    call(monkeypatch, "new", "--update", "--policy", str(path))
    assert "hil" not in yaml.safe_load(path.read_text().split(BEGIN)[1].split(END)[0])["x-references"]["demo"]


@pytest.mark.parametrize("text", ["version: 2\n", f"{BEGIN}\nx: 1\n", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"])
def test_a_file_without_one_place_for_references_is_left_alone(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    assert call(monkeypatch, "new", "--update", "--policy", str(path)) == 2
    assert "no one place for references" in capsys.readouterr().err
    assert path.read_text() == text


def test_check_explains_each_channel_and_warns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "check", "--policy", str(SHIPPED)) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "hil.limits.command_deadline_ms 150 lower is stricter; bounds latency_p99_ms" in said
    assert "evaluate.seed" not in said
    assert "warning: channel demo takes a program's answer for a person's" in said
    assert "channel production has one approver, release-manager" in said
    assert "waive: operator, release-manager (a waiver needs a second person)" in said
    assert call(monkeypatch, "check", "--all", "--policy", str(SHIPPED)) == 0
    assert "evaluate.seed 7001" in " ".join(capsys.readouterr().out.split())


def test_check_says_which_field_of_a_recipe_is_softer_than_its_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    soft = demo_release_recipe().model_copy(update={"at_least": {"map_50": 0.0, "success_gain": 0.2}})
    recipes = write_recipes(tmp_path / "recipes", demo_dataset_recipe(), soft)
    words = ("check", "--json", "--policy", str(SHIPPED), "--recipes", str(recipes))
    assert call(monkeypatch, *words) == 2
    said = capsys.readouterr()
    assert "at_least.map_50 is 0, the channel's reference is 0.11 (higher is stricter)" in said.err
    assert len(json.loads(said.out)["softenings"]) == 1
    small = demo_dataset_recipe()
    fewer = small.model_copy(update={"scenes": small.scenes[:2], "seed_policy": "nightly"})
    held_out = fewer.scenes[1].model_copy(update={"split": "eval"})
    poor = fewer.model_copy(update={"scenes": (fewer.scenes[0], held_out)})
    recipes = write_recipes(tmp_path / "poor", poor, demo_release_recipe())
    assert call(monkeypatch, "check", "--policy", str(SHIPPED), "--recipes", str(recipes)) == 2
    said = capsys.readouterr()
    for field in ("seeds", "train.scenes.home", "eval.scenes.warehouse", "eval.scenes is", "train.frames"):
        assert field in said.err


def test_a_new_policy_is_checked_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my-policy.yaml"
    assert call(monkeypatch, "new", "--policy", str(path)) == 0
    assert f"simgate policy check --policy {path}" in capsys.readouterr().err


def test_check_says_that_a_recipes_channel_is_not_in_the_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = demo_release_recipe().model_copy(update={"channel": "elsewhere"})
    recipes = write_recipes(tmp_path / "recipes", demo_dataset_recipe(), elsewhere)
    words = ("check", "--policy", str(SHIPPED), "--recipes", str(recipes))
    for more in ((), ("--json",)):
        call(monkeypatch, *words, *more)
        said = capsys.readouterr().out
        assert "elsewhere" in said
        assert "the policy has no such channel" in said


def test_a_policy_that_contradicts_itself_is_refused_in_a_sentence_with_file_and_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my-policy.yaml"
    assert call(monkeypatch, "new", "--policy", str(path)) == 0
    text = path.read_text()
    path.write_text(text.replace("benches: [emulated]", "benches: [device]"))
    assert call(monkeypatch, "check", "--policy", str(path)) == 2
    said = capsys.readouterr().err
    assert "policy my-policy.yaml: field channels.demo: the reference's bench is emulated" in said
    assert "{" not in said
    path.write_text(text.replace("approvers: [release-manager]", "approvers: [stranger]"))
    assert call(monkeypatch, "check", "--policy", str(path)) == 2
    assert "policy my-policy.yaml: ['stranger'] may approve and are not among people" in capsys.readouterr().err
