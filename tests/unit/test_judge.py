"""One judge: what somebody forged who can write the whole store is served, signed and built upon by nobody."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from simgate.cli import main
from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.errors import Inconclusive, Refused, SimgateError
from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.identity.signature import Signer
from simgate.core.runtime.attempt import Attempt
from simgate.core.runtime.job import ManifestInput
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.journal import Entry, Journal
from simgate.core.storage.store import Store
from simgate.release.approval import REJECT
from simgate.release.approvals import APPROVAL_TYPE, Approvals, keep_answer
from simgate.release.candidate import Candidate, CandidateEntry, candidates
from simgate.release.decision import Word, quarantine, rollback, waive
from simgate.release.decision import by_hand as decided_by_hand
from simgate.release.entry import Decision, LedgerBody, LedgerEntry
from simgate.release.judge import judge
from simgate.release.policy import Policy
from simgate.release.promote import promote
from simgate.release.proof import Proof, prove_model
from simgate.release.settle import settle
from simgate.release.transition import state_after
from simgate.release.trusted_key import KeyRole
from tests.forger import append, body_of, edit_json, newest, path, rewrite, write_entry
from tests.release_chain import POLICY, Chain, answer, end, new_signer, next_run, trusted

GATE, PLANNER, APPROVAL, LEDGER, STRANGER = (new_signer() for _ in range(5))
KEYS = (
    trusted("gate", GATE), trusted("planner", PLANNER), trusted("approval", APPROVAL), trusted("ledger", LEDGER),
)  # fmt: skip
RULES = POLICY.channels["demo"]
SIGNED = POLICY.model_copy(
    update={
        "channels": {**POLICY.channels, "demo": RULES.model_copy(update={"signed": True}), "lax": RULES},
        "keys": KEYS,
    }
)
LEDGER_OF = "ledger/navigator"


@dataclass
class Released:
    """A store in which two models went live, one after the other, and what a forger knows of it."""

    chain: Chain
    policy: Policy
    first: CandidateEntry
    second: CandidateEntry
    signer: Signer | None

    @property
    def store(self) -> Store:
        return self.chain.store

    def problem(self) -> str:
        return judge(self.store, self.policy, "navigator").problem

    def live(self) -> str:
        """The proven live candidate."""
        found = judge(self.store, self.policy, "navigator").live("demo")
        return found.candidate if found else ""

    def findings(self, *heads: str) -> list[str]:
        proof = Proof("navigator")
        prove_model(self.store, self.policy, "navigator", heads, proof)
        return [item.problem for item in proof.findings]

    def promote(self, entry: CandidateEntry, channel: str = "demo", **changes: Any) -> LedgerEntry:
        return promote(
            self.store, self.policy, model="navigator", channel=channel, gate=answer(entry, **changes),
            signer=self.signer, approvals=self.chain.approvals,
        )  # fmt: skip

    def third(self, **changes: Any) -> CandidateEntry:
        """A third candidate, honestly proposed."""
        return propose(next_run(self.chain, 3, weights=b"third", **changes))


def propose(chain: Chain) -> CandidateEntry:
    live = judge(chain.store, chain.policy, chain.model).live(chain.channel)
    evidence = chain.evidence()
    if live is not None:
        evidence["evaluate_live"] = live.evidence["evaluate"]
    return chain.add(chain.candidate(evidence))


def released(folder: Path, policy: Policy, signer: Signer | None, signers: Mapping[KeyRole, Signer]) -> Released:
    chain = Chain(Store(str(folder / "store")), folder / "scenes", policy=policy, signers=signers)
    entries = []
    for number, weights in enumerate((b"first", b"second"), start=1):
        entries.append(propose(next_run(chain, number, weights=weights)))
        made = Released(chain, policy, entries[0], entries[-1], signer)
        made.promote(entries[-1])
    return made


@pytest.fixture
def bare(tmp_path: Path) -> Released:
    """Nothing is signed."""
    return released(tmp_path / "bare", POLICY, None, {})


@pytest.fixture
def signed(tmp_path: Path) -> Released:
    """Everything is signed, as the channel demands."""
    return released(tmp_path / "signed", SIGNED, LEDGER, {"gate": GATE, "planner": PLANNER, "approval": APPROVAL})


def command(found: Released, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit code of the command on this store."""
    file = found.chain.folder / "policy.yaml"
    file.write_bytes(found.policy.to_json())
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    monkeypatch.setattr(sys, "argv", ["simgate", *words, "--store", found.store.url, "--policy", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_an_honest_ledger_holds_and_every_reader_agrees(bare: Released, signed: Released) -> None:
    for found in (bare, signed):
        assert found.problem() == ""
        assert found.live() == found.second.digest
        assert found.findings() == []


# --- what an entry at the end of the ledger may not be -------------------------------------------------------------


def _say(body: Candidate, value: dict[str, Any]) -> None:
    value.update(id=body.run_record, body=body.model_dump(mode="json"))


def _swap(value: dict[str, Any]) -> None:
    channel = value["body"]["after"]["channels"]["demo"]
    channel["live"], channel["previous"] = channel["previous"], channel["live"]


def _waive_that_swaps(value: dict[str, Any]) -> None:
    value["body"]["decision"].update(action="waive", subject="a" * 64, approval=None)
    _swap(value)


def _invented_engine(value: dict[str, Any]) -> None:
    value["body"]["after"]["channels"]["demo"]["live"]["engine"] = "e" * 64


def _dated_later(value: dict[str, Any]) -> None:
    value["at"] = (datetime.now(UTC) + timedelta(days=1)).isoformat()


ENTRIES: list[tuple[str, Callable[[dict[str, Any]], None], int, str]] = [
    ("the newest once more", lambda _value: None, 0, "was used before"),
    ("far ahead", lambda _value: None, 90, "has a gap"),
    ("a waive that swaps models", _waive_that_swaps, 0, "is not what its waive makes"),
    ("an invented engine", _invented_engine, 0, "was used before"),
    ("dated tomorrow", _dated_later, 0, "yet to come"),
    ("of another kind", lambda value: value["body"]["decision"].update(action="bless"), 0, "action"),
    (
        "under a policy nobody kept",
        lambda value: value["body"]["decision"].update(policy_sha256="f" * 64),
        0,
        "policies/",
    ),
]


@pytest.mark.parametrize(("change", "gap", "said"), [row[1:] for row in ENTRIES], ids=[row[0] for row in ENTRIES])
def test_a_forged_entry_is_named_and_what_was_proven_before_it_stands(
    bare: Released, change: Callable[[dict[str, Any]], None], gap: int, said: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    append(bare.store, LEDGER_OF, change, gap=gap)
    assert said in bare.problem()
    assert "entry" in bare.problem()
    assert bare.live() == bare.second.digest
    for words in (("live", "--json"), ("history", "--json"), ("verify", "--json")):
        assert command(bare, monkeypatch, *words) == 3, words
        said_of_it = capsys.readouterr()
        assert said in said_of_it.out + said_of_it.err
    for changing in (("lineage",), ("rollback", "--why", "x", "--who", "boss")):
        assert command(bare, monkeypatch, *changing) == 3, changing
    assert command(bare, monkeypatch, "witness", str(bare.chain.folder / "w")) == 3


@pytest.mark.parametrize(
    "key", [None, STRANGER, GATE, PLANNER, APPROVAL], ids=["unsigned", "stranger", "gate", "planner", "approval"]
)
def test_an_entry_that_no_ledger_key_signed_is_not_served(signed: Released, key: Signer | None) -> None:
    append(signed.store, LEDGER_OF, _swap, signer=key)
    assert "a ledger key must sign it" in signed.problem() or "not signed" in signed.problem()
    assert signed.live() == signed.second.digest


def test_nobody_signs_on_top_of_a_forged_head(signed: Released) -> None:
    third = signed.third()
    append(signed.store, LEDGER_OF, _swap, signer=STRANGER)
    words: dict[str, Any] = {"model": "navigator", "by": Word("boss", "x", "author"), "signer": LEDGER}
    acts: list[Callable[[], object]] = [
        lambda: quarantine(signed.store, SIGNED, digest="b" * 64, **words),
        lambda: waive(signed.store, SIGNED, channel="demo", manifest="b" * 64, **words),
        lambda: rollback(signed.store, SIGNED, channel="demo", **words),
        lambda: settle(
            signed.store, SIGNED, model="navigator", channel="demo", candidate=third.digest, gate=None, signer=LEDGER
        ),
        lambda: signed.promote(third),
    ]
    for act in acts:
        with pytest.raises(Refused, match="does not hold"):
            act()
    assert len(signed.store.keys(LEDGER_OF)) == 3


def test_a_missing_number_is_named(bare: Released) -> None:
    bare.promote(bare.third())
    path(bare.store, f"{LEDGER_OF}/000000000002.json").unlink()
    assert "has a gap" in bare.problem()
    assert bare.live() == bare.first.digest


# --- channels ------------------------------------------------------------------------------------------------------


def test_a_candidate_in_another_channels_journal_is_promoted_into_neither(signed: Released) -> None:
    """Under the rules of channel `lax`, which wants no signature, into channel `demo`, which does."""
    third = signed.third()
    body = third.candidate.model_copy(update={"run_record": "plans/main/evil"}).model_dump(mode="json")
    append(signed.store, "candidates/navigator/demo", lambda value: value.update(body=body))
    head = Entry(seq=1, id="plans/main/evil", previous=None, at=third.at, body=body)
    write_entry(signed.store, "candidates/navigator/lax", head)
    for channel in ("demo", "lax"):
        with pytest.raises(SimgateError):
            signed.promote(third, channel)
    assert signed.live() == signed.second.digest


def test_an_unsigned_candidate_is_promoted_by_nobody(signed: Released) -> None:
    signed.chain.signers = {**signed.chain.signers, "planner": STRANGER}
    with pytest.raises(Refused, match="a planner key must sign it"):
        signed.promote(signed.third())


# --- approvals -----------------------------------------------------------------------------------------------------


def approval_path(found: Released) -> Path:
    (key,) = found.store.keys(f"approvals/{found.second.digest}")
    return path(found.store, key)


APPROVALS: list[tuple[str, Callable[[Path], object]]] = [
    ("gone", lambda place: place.unlink()),
    ("empty", lambda place: place.write_bytes(b"")),
    ("junk", lambda place: place.write_bytes(b'{"outcome": "accepted"}')),
    ("a Reject", lambda place: place.write_bytes(canonical_json(_rejecting(body_of(place))))),
]


def _rejecting(value: dict[str, Any]) -> dict[str, Any]:
    value["gate"]["chosen_options"] = [REJECT]
    return value


@pytest.mark.parametrize("attack", [row[1] for row in APPROVALS], ids=[row[0] for row in APPROVALS])
def test_a_live_model_whose_answer_is_gone_or_another_is_not_served(
    bare: Released, signed: Released, attack: Callable[[Path], object]
) -> None:
    for found in (bare, signed):
        attack(approval_path(found))
        assert found.problem()
        assert found.live() == found.first.digest


def answered_again(found: Released, key: Signer | None, **changes: Any) -> None:
    """The newest decision with another answer, digests and ids made right, signed by the ledger's own key."""
    place = approval_path(found)
    record = body_of(place)
    record["gate"].update(changes)
    data = canonical_json(record)
    place.write_bytes(data if key is None else key.sign(data, APPROVAL_TYPE).to_json())

    def renamed(value: dict[str, Any]) -> None:
        gate = record["gate"]
        parts = (gate["dag_id"], gate["run_id"], gate["task_id"], gate["responder_id"])
        answered = datetime.fromisoformat(gate["responded_at"])
        if "run_id" in changes:
            value["body"]["decision"]["why"] = f"approved in {gate['dag_id']} {gate['run_id']}: {gate['reason']}"
        value["body"]["decision"]["approval"].update(
            sha256=sha256_hex(data), id=sha256_hex("\n".join([*parts, str(answered)]).encode())
        )

    rewrite(found.store, LEDGER_OF, 2, renamed, LEDGER if found.signer else None)


ANSWERS: list[tuple[str, dict[str, Any], str]] = [
    ("rejected", {"chosen_options": [REJECT]}, "the answer is"),
    ("of another candidate", {"subject": "Release navigator to demo: candidate " + "a" * 64}, "another candidate"),
    ("of another model", {"subject": "Release forklift to demo: candidate {second}"}, "another candidate"),
    ("by nobody", {"responder_id": "mallory", "assigned_ids": []}, "nobody in the policy"),
    ("by the author", {"responder_id": "author"}, "their own work"),
    ("without a response", {"response_received": False}, "no response"),
    ("of a cleared gate", {"try_started_at": "2099-01-01T00:00:00Z"}, "it was cleared"),
    ("yet to come", {"responded_at": "2099-01-01T00:00:00Z"}, "after it was read"),
    ("older than the candidate", {"responded_at": "2020-01-01T00:00:00Z"}, "not later than the candidate"),
]


@pytest.mark.parametrize(("changes", "said"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_an_answer_that_does_not_count_is_found_though_every_digest_fits(
    bare: Released, changes: dict[str, Any], said: str
) -> None:
    filled = {
        name: value.format(second=bare.second.digest) if name == "subject" else value for name, value in changes.items()
    }
    answered_again(bare, None, **filled)
    assert said in bare.problem()
    assert bare.live() == bare.first.digest


def test_who_holds_the_ledgers_key_cannot_make_an_answer_up(signed: Released) -> None:
    answered_again(signed, LEDGER, run_id="manual__2")
    assert "an approval key must sign it" in signed.problem()
    answered_again(signed, None, run_id="manual__3")
    assert "an approval key must sign it" in signed.problem()
    answered_again(signed, APPROVAL, run_id="manual__4")
    assert signed.problem() == ""


def test_a_decision_that_names_somebody_else_than_its_answer_is_named(bare: Released) -> None:
    rewrite(bare.store, LEDGER_OF, 2, lambda value: value["body"]["decision"].update(who="author"))
    assert "it says 'author' decided, its approval says 'boss'" in bare.problem()


def test_an_approval_of_the_other_release_is_not_this_ones(bare: Released) -> None:
    first = body_of(path(bare.store, f"{LEDGER_OF}/000000000001.json"))["body"]["decision"]["approval"]
    rewrite(bare.store, LEDGER_OF, 2, lambda value: value["body"]["decision"].update(approval=first))
    assert "was used before" in bare.problem()


def test_a_promotion_without_an_approval_is_named(bare: Released) -> None:
    rewrite(bare.store, LEDGER_OF, 1, lambda value: value["body"]["decision"].update(approval=None))
    assert "entry 1: it names no approval" in bare.problem()


# --- evidence ------------------------------------------------------------------------------------------------------


def test_an_invented_engine_in_candidate_and_ledger_is_not_served(bare: Released) -> None:
    """All of it written anew by who may write the store: the export run still says otherwise."""
    fake = "e" * 64
    prefix = "candidates/navigator/demo"
    rewrite(bare.store, prefix, 2, lambda value: value["body"].update(engine=fake))
    digest = candidates(bare.store, "navigator", "demo").newest().digest
    old = approval_path(bare)
    record = body_of(old)
    record.update(candidate=digest)
    record["gate"].update(subject=f"Release navigator to demo: candidate {digest}")
    moved = path(bare.store, f"approvals/{digest}/{old.name}")
    moved.parent.mkdir()
    moved.write_bytes(canonical_json(record))

    def follow(value: dict[str, Any]) -> None:
        decision, live = value["body"]["decision"], value["body"]["after"]["channels"]["demo"]["live"]
        decision.update(subject=digest)
        decision["approval"].update(record=f"approvals/{digest}/{old.name}", sha256=sha256_hex(canonical_json(record)))
        live.update(candidate=digest, engine=fake)

    rewrite(bare.store, LEDGER_OF, 2, follow)
    assert "its export run left" in bare.problem()
    assert bare.live() == bare.first.digest


def test_an_engine_whose_bytes_changed_is_not_promoted(bare: Released) -> None:
    third = bare.third()
    engine = read_manifest(bare.store, third.candidate.evidence["export"]).artifact("engine/model.onnx")
    path(bare.store, engine.uri).write_bytes(b"another network")
    with pytest.raises(Refused, match=r"export's engine/model\.onnx is damaged"):
        bare.promote(third)


def test_an_observation_that_was_deleted_after_the_proposal_is_missed(bare: Released) -> None:
    third = next_run(bare.chain, 3, weights=b"third", verdicts={"hil": False})
    failed = third.evidence()
    entry = propose(next_run(bare.chain, 4, weights=b"third"))
    folder = path(bare.store, failed["hil"].uri).parent
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(Refused, match="was there when the candidate was proposed, and is gone"):
        bare.promote(entry)


def test_verify_judges_the_evidence_of_what_is_live_again(bare: Released) -> None:
    run = next_run(bare.chain, 3, weights=b"third")
    evidence = run.evidence()
    inputs = [
        ManifestInput(ref=evidence["export"]),
        ManifestInput(ref=evidence["validate"], output="splits/eval.json"),
    ]
    end(bare.store, run.job("hil", {"bench": "emulated"}, inputs, "1" * 16), Inconclusive("starved"))
    entry = propose(run)
    bare.promote(entry)
    assert bare.findings() == []
    there = entry.candidate.observations
    (other,) = (folder for folder in there if bare.store.exists(f"{folder}/failure.json"))
    for file in path(bare.store, other).iterdir():
        file.unlink()
    assert any("and is gone" in said for said in bare.findings())


def observed_before(found: Released, *, good: bool) -> tuple[CandidateEntry, Path]:
    """A third candidate of which the bench spoke before, and the folder of that bench run."""
    earlier = next_run(found.chain, 3, weights=b"third", verdicts={"hil": good}).evidence()
    return propose(next_run(found.chain, 4, weights=b"third")), path(found.store, earlier["hil"].uri).parent


def test_a_fail_that_is_made_to_have_proved_nothing_is_missed(signed: Released) -> None:
    """Failures are not signed: without the candidate's word, whoever can write files turns a FAIL into an INVALID."""
    entry, folder = observed_before(signed, good=False)
    failure = {
        "version": 1, "exit_code": 1, "error": "Inconclusive", "message": "starved", "nonce": "",
        "at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    for file in [file for file in folder.iterdir() if file.name != "started.json"]:
        file.unlink()
    (folder / "failure.json").write_bytes(canonical_json(failure))
    with pytest.raises(Refused, match="ended in another way when the candidate was proposed"):
        signed.promote(entry)
    assert any("ended in another way" in said for said in signed.findings())


def test_a_bench_run_that_ends_after_the_proposal_counts_as_it_ended(bare: Released) -> None:
    run = next_run(bare.chain, 3, weights=b"third")
    evidence = run.evidence()
    inputs = [
        ManifestInput(ref=evidence["export"]),
        ManifestInput(ref=evidence["validate"], output="splits/eval.json"),
    ]
    job = run.job("hil", {"bench": "emulated"}, inputs, "1" * 16)
    loaded = load_inputs(bare.store, job)
    begun = Attempt(bare.store, job, key_parts(job, loaded), loaded)
    entry = propose(run)
    with pytest.raises(Refused, match="came to no end"):
        bare.promote(entry)
    begun.fail(Inconclusive("starved"), 1)
    assert bare.promote(entry).action == "promote"


def test_what_a_bench_run_left_is_verified_though_it_is_not_the_evidence(signed: Released) -> None:
    _entry, folder = observed_before(signed, good=True)
    assert signed.findings() == []
    (folder / "hil.json").write_bytes(b"{} ")
    assert any("hil.json is damaged" in said for said in signed.findings())


# --- candidates that nobody signed ---------------------------------------------------------------------------------


def test_an_unsigned_candidate_that_says_it_lapsed_does_not_hide_the_one_that_waits(signed: Released) -> None:
    signed.third()
    prefix = "candidates/navigator/demo"
    append(signed.store, prefix, lambda value: value["body"].update(expires_at="2020-01-01T00:00:00Z"))
    assert any("a planner key must sign it" in said for said in signed.findings())


def test_no_entry_is_written_that_the_judge_would_not_take(signed: Released) -> None:
    """One settle of an unsigned candidate would end the ledger for good."""
    third = signed.third()
    place = path(signed.store, newest(signed.store, "candidates/navigator/demo"))
    place.write_bytes(canonical_json(body_of(place)))
    words: dict[str, Any] = {"model": "navigator", "channel": "demo", "candidate": third.digest, "signer": LEDGER}
    with pytest.raises(Refused, match="a planner key must sign it"):
        settle(signed.store, SIGNED, gate=None, **words)
    assert signed.problem() == ""


def test_a_channel_without_signatures_takes_no_unsigned_candidate_of_a_model_that_has_them(signed: Released) -> None:
    """The ledger is one for all channels: the judge wants every entry's candidate signed."""
    third = signed.third()
    body = third.candidate.model_copy(update={"channel": "lax"}).model_dump(mode="json")
    entry = Entry(seq=1, id="forged", previous=None, at=third.at, body=body)
    write_entry(signed.store, "candidates/navigator/lax", entry)
    (forged,) = candidates(signed.store, "navigator", "lax").all()
    with pytest.raises(Refused, match="a planner key must sign it"):
        signed.promote(forged, "lax")
    assert len(signed.store.keys(LEDGER_OF)) == 2


@pytest.mark.parametrize("key", [None, LEDGER, STRANGER], ids=["unsigned", "ledger", "stranger"])
def test_an_answer_that_was_given_is_not_settled_away_by_a_made_up_refusal(
    signed: Released, key: Signer | None
) -> None:
    third = signed.third()
    refused = Approvals(signed.store, key)
    keep_answer(refused, SIGNED, third, answer(third), ["the lamp was out"])
    words: dict[str, Any] = {"model": "navigator", "channel": "demo", "candidate": third.digest, "signer": LEDGER}
    assert settle(signed.store, SIGNED, gate=answer(third), **words) is None
    assert signed.promote(third).action == "promote"


# --- decisions by hand ---------------------------------------------------------------------------------------------


def by_hand(found: Released, **changes: Any) -> dict[str, Any]:
    named = {name: changes.pop(name) for name in ("who", "why", "second") if name in changes}
    by = Word(**{"who": "boss", "why": "it hit a shelf", **named})
    return {"model": "navigator", "by": by, "signer": found.signer, **changes}


@pytest.mark.parametrize("who", ["mallory", "nobody@example.org", ""])
def test_who_is_nobody_in_the_policy_decides_nothing(bare: Released, who: str) -> None:
    words = by_hand(bare, who=who or "root")
    acts: list[Callable[[], object]] = [
        lambda: quarantine(bare.store, POLICY, digest="b" * 64, **words),
        lambda: waive(bare.store, POLICY, channel="demo", manifest="b" * 64, **words),
        lambda: rollback(bare.store, POLICY, channel="demo", **words),
    ]
    for act in acts:
        with pytest.raises(Refused, match="nobody in the policy"):
            act()


def test_rollback_and_waive_are_for_those_whom_the_channel_names(bare: Released) -> None:
    rules = POLICY.channels["demo"].model_copy(update={"rollback_by": ("starter",), "waive_by": ("starter",)})
    policy = POLICY.model_copy(update={"channels": {"demo": rules}})
    with pytest.raises(Refused, match="boss may not roll back in this channel; those who may: starter"):
        rollback(bare.store, policy, channel="demo", **by_hand(bare))
    with pytest.raises(Refused, match="boss may not waive"):
        waive(bare.store, policy, channel="demo", manifest="b" * 64, **by_hand(bare))
    assert rollback(bare.store, policy, channel="demo", **by_hand(bare, who="starter")).action == "rollback"


def test_a_waiver_in_a_signed_channel_needs_a_second_person(signed: Released) -> None:
    def words(second: str) -> dict[str, Any]:
        return by_hand(signed, channel="demo", manifest="b" * 64, second=second)

    for second, said in (("", "needs a second person"), ("boss@example.org", "own waiver"), ("mallory", "nobody")):
        with pytest.raises(Refused, match=said):
            waive(signed.store, SIGNED, **words(second))
    assert waive(signed.store, SIGNED, **words("author")).decision.second == "author"
    assert signed.problem() == ""


@pytest.mark.parametrize("barred", ["candidate", "manifest", "engine"])
def test_a_rollback_to_what_is_quarantined_is_refused(bare: Released, barred: str) -> None:
    digests = {
        "candidate": bare.first.digest, "manifest": bare.first.candidate.evidence["train"].sha256,
        "engine": bare.first.candidate.engine,
    }  # fmt: skip
    quarantine(bare.store, POLICY, digest=digests[barred], **by_hand(bare, why="safety recall"))
    with pytest.raises(Refused, match="safety recall"):
        rollback(bare.store, POLICY, channel="demo", **by_hand(bare))


def test_a_rollback_to_a_model_whose_file_is_gone_is_refused(bare: Released) -> None:
    engine = read_manifest(bare.store, bare.first.candidate.evidence["export"]).artifact("engine/model.onnx")
    path(bare.store, engine.uri).unlink()
    with pytest.raises(Refused, match=r"engine/model\.onnx is missing"):
        rollback(bare.store, POLICY, channel="demo", **by_hand(bare))


def test_a_rollback_leads_to_another_engine_though_the_live_one_was_promoted_twice(bare: Released) -> None:
    bare.promote(propose(next_run(bare.chain, 3, weights=b"second")))
    rollback(bare.store, POLICY, channel="demo", **by_hand(bare))
    assert bare.live() == bare.first.digest


def test_a_rollback_without_a_key_or_under_another_policy_is_refused(signed: Released) -> None:
    lax = SIGNED.model_copy(update={"channels": {"demo": RULES}, "keys": ()})
    for policy, signer in ((SIGNED, None), (SIGNED, GATE), (lax, None), (lax, STRANGER), (lax, LEDGER)):
        with pytest.raises(SimgateError):
            rollback(signed.store, policy, channel="demo", **by_hand(signed, signer=signer))
    assert signed.live() == signed.second.digest


# --- what is cut off -----------------------------------------------------------------------------------------------


def test_a_cut_tail_is_noticed_by_a_candidate_that_was_proposed_after_it(signed: Released) -> None:
    signed.third()
    path(signed.store, newest(signed.store, LEDGER_OF)).unlink()
    assert "it has lost entries" in signed.problem()


def test_a_cut_tail_is_noticed_by_an_answer_without_its_entry_and_by_a_head_that_was_noted(signed: Released) -> None:
    head = judge(signed.store, SIGNED, "navigator").head
    path(signed.store, newest(signed.store, LEDGER_OF)).unlink()
    assert any("was accepted, and no ledger entry says so" in said for said in signed.findings())
    assert any("which was noted down" in said for said in signed.findings(head.sha256 if head else ""))


def test_a_ledger_that_is_gone_is_not_called_verified(bare: Released, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in path(bare.store, LEDGER_OF).iterdir():
        file.unlink()
    assert command(bare, monkeypatch, "verify") == 3


def test_a_witness_notes_heads_and_misses_what_was_cut(signed: Released, monkeypatch: pytest.MonkeyPatch) -> None:
    file = signed.chain.folder / "witness.jsonl"
    for _ in range(2):
        assert command(signed, monkeypatch, "witness", str(file)) == 0
    (line,) = file.read_text().splitlines()
    assert json.loads(line)["seq"] == 2
    assert command(signed, monkeypatch, "verify", "--witness", str(file)) == 0
    path(signed.store, newest(signed.store, LEDGER_OF)).unlink()
    assert command(signed, monkeypatch, "witness", str(file)) == 3
    assert command(signed, monkeypatch, "verify", "--witness", str(file)) == 3


def test_a_witness_names_a_ledger_that_does_not_hold_and_notes_the_others(
    signed: Released, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signed.store.put("ledger/aaa/000000000001.json", b"junk")
    signed.store.put("ledger/zzz/000000000001.json", b"junk")
    file = signed.chain.folder / "witness.jsonl"
    assert command(signed, monkeypatch, "witness", str(file)) == 3
    (line,) = file.read_text().splitlines()
    assert json.loads(line)["model"] == "navigator"
    complaints = capsys.readouterr().err.splitlines()
    assert [said.split(" does not hold")[0] for said in complaints] == [
        "error: the ledger of aaa", "error: the ledger of zzz"
    ]  # fmt: skip


def test_verify_says_what_it_shows_and_what_it_cannot(
    bare: Released, signed: Released, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(bare, monkeypatch, "verify") == 0
    said = capsys.readouterr().out
    assert "anybody who can write the store can have written all of it" in said
    assert "0 signatures" not in said
    assert command(signed, monkeypatch, "verify") == 0
    said = capsys.readouterr().out
    assert "the policy's keys signed it" in said
    assert "Not shown: that no newer entry was cut off" in said


# --- one model, an open channel and a signed one --------------------------------------------------------------------


def test_an_open_channel_goes_on_while_a_signed_one_is_prepared_and_is_signed_from_then_on(tmp_path: Path) -> None:
    """A candidate for the signed channel breaks nothing; its release makes every later entry a signed one."""
    strict = RULES.model_copy(update={"signed": True})
    policy = POLICY.model_copy(update={"channels": {"demo": RULES, "strict": strict}, "keys": KEYS})
    found = released(tmp_path, policy, None, {"gate": GATE})
    signers = {"gate": GATE, "planner": PLANNER, "approval": APPROVAL}
    run = next_run(found.chain, 3, weights=b"third", channel="strict", signers=signers)
    entry = propose(run)
    assert found.problem() == ""
    assert found.live() == found.second.digest
    words: dict[str, Any] = {"model": "navigator", "channel": "strict", "gate": answer(entry)}
    with pytest.raises(Refused, match="no ledger key to sign with"):
        promote(found.store, policy, **words, approvals=run.approvals)
    promote(found.store, policy, **words, signer=LEDGER, approvals=run.approvals)
    assert found.problem() == ""
    with pytest.raises(Refused, match="no ledger key to sign with"):
        rollback(found.store, policy, channel="demo", **by_hand(found))
    append(found.store, LEDGER_OF, _swap)
    assert "entry 4" in found.problem()
    assert "not signed" in found.problem()


# --- holes that attackers found --------------------------------------------------------------------------------------


def forge(found: Released, decision: Decision, key: Signer | None, candidate: CandidateEntry | None = None) -> None:
    """Append a decision past every check of the writers."""
    state = judge(found.store, found.policy, "navigator").state
    body = LedgerBody(decision=decision, after=state_after(state, decision, candidate)).model_dump(mode="json")
    Journal(found.store, LEDGER_OF, key).append(body)


def test_a_channel_that_the_policy_lacks_owes_signatures_where_another_does(signed: Released) -> None:
    own = POLICY.model_copy(update={"channels": {**POLICY.channels, "stable": RULES}})
    chain = Chain(
        signed.store, signed.chain.folder, model="forklift", channel="stable", policy=own, run="evil", weights=b"evil"
    )
    entry = propose(chain)
    promote(signed.store, own, model="forklift", channel="stable", gate=answer(entry))
    state = judge(signed.store, SIGNED, "forklift")
    assert "not signed" in state.problem
    assert state.live("stable") is None


def test_a_forged_rollback_to_what_was_made_from_something_quarantined_is_not_served(signed: Released) -> None:
    trained = read_manifest(signed.store, signed.first.candidate.evidence["train"]).content_digest
    quarantine(signed.store, SIGNED, digest=trained, **by_hand(signed, why="safety recall"))
    decision = decided_by_hand(SIGNED, "rollback", signed.first.digest, Word("boss", "x"), channel="demo")
    forge(signed, decision, LEDGER, signed.first)
    assert "safety recall" in signed.problem()
    assert signed.live() == signed.second.digest


@pytest.mark.parametrize("shift", [timedelta(days=-9000), timedelta(hours=-1), timedelta(hours=1)])
def test_a_decision_is_dated_when_it_was_written(bare: Released, shift: timedelta) -> None:
    decision = decided_by_hand(POLICY, "quarantine", "a" * 64, Word("boss", "x"))
    forge(bare, decision.model_copy(update={"decided_at": decision.decided_at + shift}), None)
    assert "it was decided at" in bare.problem()


def test_a_promotion_says_why_in_the_words_of_its_approval(bare: Released) -> None:
    rewrite(bare.store, LEDGER_OF, 2, lambda value: value["body"]["decision"].update(why="approved by nobody"))
    assert "it says 'approved by nobody', its approval says 'approved in release_model.navigator" in bare.problem()


def test_a_candidate_proposed_after_a_release_by_a_slow_clock_did_not_supersede_it(bare: Released) -> None:
    third = bare.third()
    body = third.candidate.model_dump(mode="json")
    append(bare.store, "candidates/navigator/demo", lambda value: value.update(body=body, at=third.at.isoformat()))
    for item in bare.store.keys("candidates/navigator/demo")[2:]:
        path(bare.store, item).unlink()
    head = list(Journal(bare.store, "candidates/navigator/demo").entries())[-1]
    early = Entry(
        seq=3, id="slow", previous=head.sha256, at=head.at, body={**body, "run_record": "plans/main/slow"}
    )  # fmt: skip
    write_entry(bare.store, "candidates/navigator/demo", early)
    assert bare.problem() == ""


def test_a_candidate_that_somebody_put_under_our_runs_name_is_not_ours(signed: Released) -> None:
    run = next_run(signed.chain, 3, weights=b"third")
    honest = run.candidate({**run.evidence(), "evaluate_live": signed.second.candidate.evidence["evaluate"]})
    forged = honest.model_copy(update={"evidence": signed.second.candidate.evidence})
    for key, body in ((None, forged), (STRANGER, honest), (PLANNER, forged)):
        append(
            signed.store, "candidates/navigator/demo",
            partial(_say, body), signer=key,
        )  # fmt: skip
        with pytest.raises(Refused, match="another's under this run's name"):
            run.add(honest)
        path(signed.store, newest(signed.store, "candidates/navigator/demo")).unlink()
    assert run.add(honest) == run.add(honest)


def test_a_training_that_saw_the_eval_split_is_refused(bare: Released) -> None:
    run = next_run(bare.chain, 3, weights=b"third")
    validate = run.dataset()
    splits = [ManifestInput(ref=validate, output=f"splits/{side}.json") for side in ("train", "eval")]
    train = run.commit("train", {"weights": b"third".hex(), "more": 1}, splits, {"model.safetensors": b"third"})
    entry = run.add(run.candidate({**run.evidence(), "train": train}))
    with pytest.raises(Refused, match=r"evidence train stands on splits/eval\.json too"):
        bare.promote(entry)


def test_a_late_answer_about_an_older_candidate_is_kept_under_that_one(bare: Released) -> None:
    older = bare.third()
    newer = propose(next_run(bare.chain, 4, weights=b"fourth"))
    with pytest.raises(Refused, match="asked about another candidate"):
        bare.promote(older)
    assert len(bare.store.keys(f"approvals/{older.digest}")) == 1
    assert bare.store.keys(f"approvals/{newer.digest}") == []


@pytest.mark.parametrize("field", ["at", "decided_at"])
def test_a_time_without_a_zone_is_named_and_no_traceback(bare: Released, field: str) -> None:
    def change(value: dict[str, Any]) -> None:
        (value if field == "at" else value["body"]["decision"])[field] = "2026-11-30T22:00:00"

    place = path(bare.store, f"{LEDGER_OF}/000000000002.json")
    edit_json(place, change)
    assert field in bare.problem()
    assert bare.live() == bare.first.digest
