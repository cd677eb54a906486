"""Evidence page: the order of its questions, nothing cut silently, and other people's words stay words."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from simgate.core.errors import InputError
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.heads import push_scenes
from simgate.core.storage.signed_link import report_of
from simgate.core.storage.store import Store
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.decision import Word, waive
from simgate.release.policy import Policy, Role
from simgate.release.promote import promote
from simgate.release.reference import asked as asked_of
from simgate.specs.bounds import bounds
from simgate.specs.metric import metric
from simgate_airflow.gate import evidence_page
from simgate_airflow.gate.case import read_case
from simgate_airflow.gate.change import Change, read_change
from simgate_airflow.gate.evidence_page import SHOWN_FILES, SHOWN_PUSHES, body
from simgate_airflow.gate.figure_table import figure_table
from simgate_airflow.gate.judged import GATES, Figure, read_judged
from simgate_airflow.gate.markdown import MAX_CHARACTERS, code
from simgate_airflow.run import dataset_run, release_run
from simgate_airflow.settings import settings as wired
from simgate_airflow.ui.address import report_url
from simgate_airflow.ui.change import change_fragment
from tests.plugins.test_runs import built, context, make, store
from tests.release_chain import POLICY, Chain, answer, next_run

__all__ = ["store"]
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60)
EVIL = "[approve](https://evil.example) <script>alert(1)</script> ![](https://evil.example/p.png) | a | b | `x`\n# Hi"
PNG = b"\x89PNG\r\n\x1a\nnot really"


def parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table"]).parse(text)


@settings(deadline=None)
@given(TEXTS)
@example("ada [approve here](https://evil.example) <script>")
@example("ada\n\n# Approved by everybody\n| a | b |")
@example("` ![](https://evil.example/pixel.png) ``")
@example("\\` www.evil.example")
def test_any_words_are_shown_as_they_are_and_nothing_comes_of_them(text: str) -> None:
    (_, inline, _) = parsed(f"by {code(text)}.")
    children = inline.children or []
    assert [token.type for token in children] == ["text", "code_inline", "text"]
    shown = children[1].content.strip()
    assert [sign for sign in shown if sign.isprintable()] == list(shown)
    if all(sign.isprintable() for sign in text):
        assert shown == " ".join(text.replace("`", "'").split())


def test_signs_that_turn_a_line_around_are_written_out_and_what_is_cut_says_how_much() -> None:
    assert code("safe\u202egnp.exe") == "`safe\\u202egnp.exe`"
    assert code("x" * (MAX_CHARACTERS + 7)).endswith("x … (7 more characters)`")


def links(text: str) -> set[str]:
    every = [child for token in parsed(text) for child in token.children or ()]
    return {str(child.attrs["href"]) for child in every if child.type == "link_open"}


def assert_only_words(text: str) -> None:
    """Nothing in it became a picture, HTML, or a link out of Airflow."""
    tokens = parsed(text)
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    assert not kinds & {"image", "html_inline", "html_block", "fence", "code_block"}, kinds
    assert all("/simgate/" in link for link in links(text)), links(text)


def release(store: Store, run_id: str) -> CandidateEntry:
    run = context("release_model.navigator", run_id, kind="manual", who="engineer")
    release_run.plan(run)
    make(store, run, "train", "evaluate", "export", "hil")
    release_run.propose_candidate(run)
    entry = candidates(store, "navigator", "demo").newest()
    assert entry is not None
    return entry


def asked(store: Store, entry: CandidateEntry) -> str:
    return body(store, entry, Policy.load(wired().policy_path))


@pytest.fixture
def two(store: Store, tmp_path: Path) -> CandidateEntry:
    """A candidate that would replace a live model; its scenes were pushed by somebody hostile."""
    dataset_run.publish(built(store, tmp_path / "scenes", "scheduled__1"))
    first = release(store, "manual__1")
    policy = Policy.load(wired().policy_path)
    gate = answer(first, responder_id="release-manager", assigned_ids=())
    promote(store, policy, model="navigator", channel="demo", gate=gate)
    folder = tmp_path / "scenes"
    (folder / "office" / "office.usda").write_text("#usda 1.0 edited")
    (folder / "home" / "home.usda").rename(folder / "home" / "old.usda")
    (folder / "home" / "home.usda").write_text("#usda 1.0 home")
    (folder / "office" / "![x](javascript:alert(1)) <b>.png").write_bytes(b"png")
    push_scenes(store, "main", folder, author=EVIL, message=EVIL)
    run = context("build_dataset.rooms", "scheduled__2")
    dataset_run.plan(run)
    make(store, run, "index", "generate", "validate")
    dataset_run.publish(run)
    return release(store, "manual__2")


def test_the_question_answers_in_the_order_in_which_people_ask(store: Store, two: CandidateEntry) -> None:
    said = asked(store, two)
    order = (
        "**Replaces** engine", "### What changed", "**Pushed, newest first:**", "Files:", "**Scenes:**",
        "who may not approve", "### Against the live model", "won 0, lost 0, tied 12",
        "### How it drives and sees: PASS",
        "### On the bench: PASS", "### The engine against what was trained: PASS", "### The dataset: PASS",
        "### Softened",
        "**Bench:**", "**Waived:** nothing",
        "### What is asked about", f"candidate `{two.digest}`", "**Until 20",
    )  # fmt: skip
    places = [said.index(words) for words in order]
    assert places == sorted(places)
    assert "(ledger entry 1, promote by `release-manager`" in said
    assert "office (changed)" in said
    assert "warehouse (unchanged)" in said
    assert "exact McNemar" in said.replace("Exact", "exact")


def test_hostile_authors_messages_and_file_names_stay_words(store: Store, two: CandidateEntry) -> None:
    said = asked(store, two)
    assert "evil.example" in said
    assert "javascript:alert(1)" in said
    assert_only_words(said)
    page = change_fragment(read_case(store, Policy.load(wired().policy_path), two))
    assert "&lt;script&gt;" in page
    assert not re.search(r"<(?!/?(section|h2|h3|p|div|table|thead|tbody|tr|th|td|figure|figcaption|img)\b)", page)
    assert " href=" not in page


@pytest.mark.parametrize("name", [EVIL, f"findings {EVIL}", f"boxes {EVIL}", "a \\| b", "\\"])
def test_a_figure_with_a_hostile_name_stays_one_row_of_words(name: str) -> None:
    figure = Figure(metric("validate", name), 1.0, None, None, None)
    said = figure_table([figure, figure], has_live=True)
    assert_only_words(said)
    cells = [token for token in parsed(said) if token.type in ("th_open", "td_open")]
    assert len(cells) == 3 * 4


def test_a_first_release_replaces_nothing_and_everything_is_new(store: Store, tmp_path: Path) -> None:
    dataset_run.publish(built(store, tmp_path / "scenes", "scheduled__1"))
    said = asked(store, release(store, "manual__1"))
    assert said.startswith("**Replaces nothing.**")
    assert "Nothing is live: there is nothing to compare with." in said
    assert "office (added)" in said
    assert "| live |" not in said, "no empty column"
    assert_only_words(said)


def test_every_metric_of_every_verdict_is_shown_and_what_nothing_judges_is_marked(
    store: Store, two: CandidateEntry
) -> None:
    said = asked(store, two)
    assert re.search(r"reach the goal `success_rate` \| \*\*100.0 %\*\* \| ⚠ \*\*no bound\*\* \| 100.0 % \|", said)
    assert re.search(r"`map_50` \| 0.5 \| ≥ 0.11 \| 0.5 \|", said)
    assert "a figure without a description `made up` | 0 | no bound" in said, "an unknown figure is raw, not dropped"


@pytest.mark.parametrize("gate", GATES)
def test_the_question_shows_every_bound_by_which_its_gate_judged(store: Store, two: CandidateEntry, gate: Role) -> None:
    case = read_case(store, Policy.load(wired().policy_path), two)
    (judged,) = (item for item in read_judged(case) if item.role == gate)
    limits = {bound.metric: bound for bound in bounds(asked_of(case.found[gate]))}
    assert limits
    shown = {figure.metric.name: figure.bound for figure in judged.figures}
    assert {name: shown.get(name) for name in limits} == limits


def test_a_report_is_linked_though_the_first_output_lies_elsewhere(store: Store, two: CandidateEntry) -> None:
    for ref in two.candidate.evidence.values():
        store.put(report_of(ref.uri), b"<html></html>")
    said = asked(store, two)
    assert "no report was drawn" not in said
    for role in GATES:
        assert f"[report]({report_url(two.candidate.evidence[role].uri)})" in said


def test_what_is_left_out_is_counted_and_linked(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "scenes"
    built(store, folder, "scheduled__1")
    for number in range(SHOWN_FILES):
        (folder / "home" / f"extra-{number}.png").write_bytes(b"png")
    for number in range(SHOWN_PUSHES):
        (folder / "home" / "moving.png").write_bytes(bytes([number]))
        push_scenes(store, "main", folder, author="scenes@example.org", message=f"push {number}")
    run = context("build_dataset.rooms", "scheduled__2")
    dataset_run.plan(run)
    make(store, run, "index", "generate", "validate")
    dataset_run.publish(run)
    said = asked(store, release(store, "manual__1"))
    assert "… and [4 more files](" in said
    assert "… and [1 more pushes](" in said
    assert len(re.findall(r"^- added ", said, re.MULTILINE)) == SHOWN_FILES


def test_pictures_before_and_after_are_cut_out_of_the_reports_of_index(store: Store, two: CandidateEntry) -> None:
    change = read_change(read_case(store, Policy.load(wired().policy_path), two))
    (office,) = (scene for scene in change.scenes if scene.name == "office")
    assert office.before is not None
    assert office.after is not None
    for ref, alt in ((office.before, "office"), (office.after, "office")):
        picture = base64.b64encode(PNG + ref.uri.encode()).decode()
        page = f'<img alt="{alt}" src="data:image/png;base64,{picture}"><img alt="home" src="https://evil.example/x">'
        store.put(report_of(ref.uri), page.encode())
    page = change_fragment(read_case(store, Policy.load(wired().policy_path), two))
    for ref in (office.before, office.after):
        assert base64.b64encode(PNG + ref.uri.encode()).decode() in page
    assert "evil.example/x" not in page
    assert "Unchanged: warehouse." in page


@pytest.mark.parametrize("junk", [b"", b"\xff\xfe", b'<img alt="office" src="data:image/png;base64,!!!!">'])
def test_a_report_that_cannot_be_read_is_said(store: Store, two: CandidateEntry, junk: bytes) -> None:
    change = read_change(read_case(store, Policy.load(wired().policy_path), two))
    for scene in change.scenes:
        for ref in (scene.before, scene.after):
            if ref is not None:
                store.put(report_of(ref.uri), junk)
    assert "index drew no picture" in change_fragment(read_case(store, Policy.load(wired().policy_path), two))


def test_a_dataset_that_names_no_snapshot_is_said_in_words(tmp_path: Path) -> None:
    chain = Chain(Store(str(tmp_path / "store")), tmp_path / "scenes")
    entry = chain.propose()  # the validate run of a chain read no index run itself
    with pytest.raises(InputError, match="does not say what scenes it was made of"):
        body(chain.store, entry, POLICY)
    with pytest.raises(InputError, match=re.escape(entry.candidate.evidence["validate"].uri)):
        change_fragment(read_case(chain.store, POLICY, entry))


def chain_question(chain: Chain, entry: CandidateEntry) -> str:
    return body(chain.store, entry, POLICY)


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A chain without real scenes: what changed in them is not asked here."""
    nothing = Change(first=True, pushes=(), back=False, files=(), scenes=(), asked=(), code=())
    monkeypatch.setattr(evidence_page, "read_change", lambda _case: nothing)
    return Chain(Store(str(tmp_path / "store")), tmp_path / "scenes")


def live_then(chain: Chain, **changes: Any) -> tuple[Chain, dict[Any, Any]]:
    """A chain whose first candidate is live, and the evidence of a second one."""
    promote(chain.store, POLICY, model="navigator", channel="demo", gate=answer(chain.propose()))
    run = next_run(chain, 2, weights=b"new", **changes)
    live = candidates(chain.store, "navigator", "demo").newest()
    assert live is not None
    return run, {**run.evidence(), "evaluate_live": live.candidate.evidence["evaluate"]}


def test_a_candidate_that_is_worse_says_so_before_the_answer(chain: Chain) -> None:
    run, evidence = live_then(chain, successes=(False,) * 6 + (True,) * 6)
    said = chain_question(run, run.add(run.candidate(evidence)))
    assert "**won 0, lost 6, tied 6**" in said
    assert "p = 0.0156; the channel refuses below 0.05: ⚠ **significantly worse: promote will refuse**" in said


def test_a_live_model_that_nobody_drove_is_said(chain: Chain) -> None:
    run, evidence = live_then(chain)
    del evidence["evaluate_live"]
    assert "was not evaluated beside the candidate**: promote will refuse" in chain_question(
        run, run.add(run.candidate(evidence))
    )


def test_damage_to_the_live_models_evidence_keeps_nobody_from_asking(chain: Chain) -> None:
    run, evidence = live_then(chain)
    entry = run.add(run.candidate(evidence))
    live = read_case(run.store, POLICY, entry).live
    assert live is not None
    run.store.delete(live.model.evidence["hil"].uri)
    assert "The live model's evidence cannot be read" in chain_question(run, entry)


def test_a_fail_that_somebody_waived_is_named_with_its_reason(chain: Chain) -> None:
    failing = replace(chain, verdicts={"hil": False})
    evidence = failing.evidence()
    waive(
        chain.store, POLICY, channel="demo", model="navigator", manifest=evidence["hil"].sha256,
        by=Word("boss", "the bench was at fault"),
    )  # fmt: skip
    again = next_run(failing, 2, verdicts={})
    entry = again.add(again.candidate(again.evidence()))
    said = chain_question(again, entry)
    assert "by `boss`: `the bench was at fault`" in said
    assert read_manifest(chain.store, evidence["hil"]).stage == "hil"


def test_the_bench_is_named(chain: Chain) -> None:
    assert "⚠ **emulated**" in chain_question(chain, chain.propose())
    real = replace(chain, bench="device", run="release-2", nonce="f" * 16)
    assert "**Bench:** `device`" in chain_question(real, real.propose())


def test_what_was_asked_less_of_than_the_channel_demands_is_said_before_the_answer(chain: Chain) -> None:
    channel = POLICY.channels["demo"]
    wanted = channel.reference.evaluate.model_copy(update={"at_least": {"map_50": 0.9, "success_gain": 0.2}})
    stricter = channel.model_copy(update={"reference": channel.reference.model_copy(update={"evaluate": wanted})})
    policy = POLICY.model_copy(update={"channels": {**POLICY.channels, "demo": stricter}})
    said = body(chain.store, chain.propose(), policy)
    assert "promote will refuse:**\n\n- `evaluate was asked too little: at_least.map_50 is " in said


def test_a_recipe_whose_file_is_gone_is_said_and_not_taken_for_an_equal_one(
    store: Store, two: CandidateEntry, tmp_path: Path, wire: Callable[[dict[str, str]], None]
) -> None:
    equal, gone = "the recipe is as its file has it", "The recipe's file is not there"
    said = asked(store, two)
    assert equal in said
    assert gone not in said
    wire({
        "SIMGATE_STORE": store.url, "SIMGATE_POLICY": str(tmp_path / "policy.yaml"),
        "SIMGATE_RECIPES": str(tmp_path / "gone"),
    })  # fmt: skip
    said = asked(store, two)
    assert gone in said
    assert equal not in said
