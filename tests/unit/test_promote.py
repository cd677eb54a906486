"""Promotion: every planted wrong is refused with its reason, in the exception and in the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simgate.core.errors import Inconclusive, Preempted, Refused, StoreError
from simgate.core.runtime.job import ManifestInput
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.release.approval import APPROVE, REJECT, ApprovalRecord, GateRecord, Touch, subject_of
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.decision import Word, quarantine, rollback, waive
from simgate.release.promote import promote
from simgate.release.proof import Proof, prove_model
from simgate.release.settle import settle
from tests.raw_ledger import Ledger
from tests.release_chain import POLICY, Chain, abort, answer, end, fulfil, next_run


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(Store(str(tmp_path / "store")), tmp_path / "scenes")


def approve(chain: Chain, gate: GateRecord) -> Any:
    return promote(chain.store, POLICY, model=chain.model, channel=chain.channel, gate=gate)


def proven(chain: Chain, *heads: str) -> Proof:
    proof = Proof("navigator")
    prove_model(chain.store, POLICY, "navigator", heads, proof)
    return proof


def refusals(chain: Chain, entry: CandidateEntry) -> list[ApprovalRecord]:
    keys = chain.store.keys(f"approvals/{entry.digest}")
    return [ApprovalRecord.from_json(chain.store.get(key), what=key) for key in keys]


def test_a_good_answer_goes_live_once_and_a_retry_finds_its_entry(chain: Chain) -> None:
    entry = chain.propose()
    gate = answer(entry)
    written = approve(chain, gate)
    assert approve(chain, gate) == written
    live = Ledger(chain.store, "navigator").live("demo")
    assert live is not None
    assert live.candidate == entry.digest
    assert written.who == "boss"
    assert [record.outcome for record in refusals(chain, entry)] == ["accepted"]
    assert len(list(Ledger(chain.store, "navigator").history())) == 1


def touched(entry: CandidateEntry, who: str) -> dict[str, Any]:
    return {"touched_by": (Touch(who=who, action="clear", what="hil", at=entry.at),)}


ANSWERS: list[tuple[str, Callable[[CandidateEntry], dict[str, Any]], str]] = [
    ("no response, state set", lambda e: {"response_received": False, "responded_at": None}, "no response"),
    ("rejected", lambda e: {"chosen_options": (REJECT,)}, "the answer is"),
    ("both options", lambda e: {"chosen_options": (APPROVE, REJECT)}, "the answer is"),
    ("another digest", lambda e: {"subject": "Release navigator to demo: candidate " + "a" * 64}, "another candidate"),
    (
        "a prefix of the digest",
        lambda e: {"subject": f"Release navigator to demo: candidate {e.digest[:12]}"},
        "another candidate",
    ),
    (
        "older than the candidate",
        lambda e: {"responded_at": e.at - timedelta(seconds=1)},
        "not later than the candidate",
    ),
    ("a cleared gate's old answer", lambda e: {"try_started_at": e.at + timedelta(hours=1)}, "it was cleared"),
    ("a gate that never started", lambda e: {"try_started_at": None}, "it was cleared"),
    ("a stranger", lambda e: {"responder_id": "mallory", "assigned_ids": ()}, "nobody in the policy"),
    ("not assigned", lambda e: {"assigned_ids": ("robot",)}, "not assigned"),
    ("the author", lambda e: {"responder_id": "author"}, "their own work"),
    ("who started the run", lambda e: {"responder_id": "starter", "run_started_by": ("starter",)}, "their own work"),
    ("who cleared a task", lambda e: touched(e, "boss"), "their own work"),
    ("an unmapped toucher", lambda e: touched(e, "mallory"), "nobody in the policy"),
    ("all admins", lambda e: {"all_admins": True}, "all_admins"),
]


@pytest.mark.parametrize(("changes", "reason"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_an_answer_that_does_not_count_is_refused_and_kept(
    chain: Chain, changes: Callable[[CandidateEntry], dict[str, Any]], reason: str
) -> None:
    entry = chain.propose()
    with pytest.raises(Refused, match=reason):
        approve(chain, answer(entry, **changes(entry)))
    (record,) = refusals(chain, entry)
    assert record.outcome == "refused"
    assert any(reason in text for text in record.reasons)
    assert Ledger(chain.store, "navigator").head() is None


def test_an_author_of_reused_work_is_an_author(chain: Chain) -> None:
    chain.people = ("boss@example.org",)
    chain.dataset()
    second = next_run(chain, 2, people=("author@example.org",))
    with pytest.raises(Refused, match="boss may not approve their own work"):
        approve(chain, answer(second.propose()))


def test_an_author_that_nobody_knows_blocks(chain: Chain) -> None:
    chain.people = ("stranger@example.org",)
    with pytest.raises(Refused, match="nobody in the policy"):
        approve(chain, answer(chain.propose()))


def test_an_older_candidate_cannot_go_live_after_a_newer_one_was_proposed(chain: Chain) -> None:
    old = chain.propose()
    next_run(chain, 2, weights=b"new").propose()
    with pytest.raises(Refused, match="another candidate"):
        approve(chain, answer(old))


def test_an_older_candidate_cannot_go_live_after_a_newer_one_went_live(chain: Chain) -> None:
    old = chain.propose()
    new = next_run(chain, 2, weights=b"new").propose()
    approve(chain, answer(new))
    with pytest.raises(Refused, match="ledger moved on"):
        approve(chain, answer(old))


def test_an_approval_is_used_once(chain: Chain) -> None:
    first = chain.propose()
    gate = answer(first)
    approve(chain, gate)
    second = next_run(chain, 2, weights=b"better").propose()
    with pytest.raises(Refused, match="used before"):
        approve(chain, gate.model_copy(update={"subject": subject_of(second)}))


@pytest.mark.parametrize("gate", ["validate", "evaluate", "export", "hil"])
def test_each_gate_can_say_no(chain: Chain, gate: str) -> None:
    chain.verdicts = {gate: False}
    with pytest.raises(Refused, match=f"{gate} was planted to fail"):
        approve(chain, answer(chain.propose()))


def test_a_pass_after_a_fail_of_the_same_engine_is_refused_unless_waived(chain: Chain) -> None:
    chain.verdicts = {"hil": False}
    failed = chain.evidence()["hil"]
    chain.verdicts = {}
    second = next_run(chain, 2)
    entry = second.propose()
    with pytest.raises(Refused, match="says FAIL"):
        approve(chain, answer(entry))
    waive(
        chain.store,
        POLICY,
        model=chain.model,
        channel="demo",
        manifest=failed.sha256,
        by=Word("boss", "the bench's cable was loose"),
    )
    third = next_run(chain, 3).propose()
    assert approve(chain, answer(third)).action == "promote"


def test_an_observation_that_was_begun_and_never_ended_is_seen(chain: Chain) -> None:
    evidence = chain.evidence()
    inputs = [
        ManifestInput(ref=evidence["export"]),
        ManifestInput(ref=evidence["validate"], output="splits/eval.json"),
    ]
    abort(chain.store, chain.job("hil", {"bench": "emulated"}, inputs, "f" * 16))
    with pytest.raises(Refused, match="came to no end"):
        approve(chain, answer(next_run(chain, 2).propose()))


def test_evidence_of_another_model_is_refused(chain: Chain) -> None:
    mine = chain.evidence()
    other = next_run(chain, 2, weights=b"other").evidence()
    mixed = {**mine, "evaluate": other["evaluate"]}
    entry = candidates(chain.store, "navigator", "demo").add(chain.candidate(mixed))
    with pytest.raises(Refused, match="evaluate is not about the candidate's train run"):
        approve(chain, answer(entry))


def test_a_damaged_verdict_is_refused(chain: Chain) -> None:
    entry = chain.propose()
    verdict = read_manifest(chain.store, entry.candidate.evidence["evaluate"]).artifact("verdict.json")
    (Path(chain.store.url) / verdict.uri).write_bytes(b'{"verdict":"PASS"}')
    with pytest.raises(Refused, match="damaged"):
        approve(chain, answer(entry))


def test_significantly_worse_than_live_is_refused_and_a_little_worse_is_not(chain: Chain) -> None:
    approve(chain, answer(chain.propose()))
    live = Ledger(chain.store, "navigator").live("demo")
    assert live is not None
    for number, (lost, worse) in enumerate(((6, True), (2, False)), start=2):
        run = next_run(chain, number, weights=bytes([number]), successes=(False,) * lost + (True,) * (12 - lost))
        evidence = {**run.evidence(), "evaluate_live": live.evidence["evaluate"]}
        entry = candidates(chain.store, "navigator", "demo").add(run.candidate(evidence))
        if worse:
            with pytest.raises(Refused, match="significantly worse than live"):
                approve(chain, answer(entry))
        else:
            assert approve(chain, answer(entry)).action == "promote"


def test_a_candidate_without_lives_evaluation_is_refused(chain: Chain) -> None:
    approve(chain, answer(chain.propose()))
    with pytest.raises(Refused, match="was not evaluated beside"):
        approve(chain, answer(next_run(chain, 2, weights=b"new").propose()))


@pytest.mark.parametrize("said", [1.0, 0.5])
def test_a_device_that_was_asked_for_and_an_emulated_link_are_refused_by_a_real_channel(
    chain: Chain, said: float
) -> None:
    chain.channel, chain.bench = "production", "device"
    chain.metrics = {"hil": {"bench_emulated": said}}
    with pytest.raises(Refused, match="the bench was 'emulated'; the channel takes device"):
        approve(chain, answer(chain.propose(), responder_id="boss"))


def test_an_emulated_bench_and_an_automatic_answer_are_refused_by_a_real_channel(chain: Chain) -> None:
    chain.channel = "production"
    with pytest.raises(Refused) as caught:
        approve(chain, answer(chain.propose(), responder_id="robot"))
    assert "the bench was 'emulated'" in str(caught.value)
    assert "wants a human being" in str(caught.value)


def test_the_automatic_responder_is_recorded_as_one(chain: Chain) -> None:
    assert approve(chain, answer(chain.propose(), responder_id="robot")).who == "automatic responder (robot)"


def test_an_expired_candidate_and_a_changed_policy_are_refused(chain: Chain) -> None:
    entry = chain.propose(expires_at=datetime.now(UTC) - timedelta(seconds=1), policy_sha256="0" * 64)
    with pytest.raises(Refused) as caught:
        approve(chain, answer(entry))
    assert "lapsed" in str(caught.value)
    assert "policy changed" in str(caught.value)


def test_a_quarantined_ancestor_bars_everything_made_from_it(chain: Chain) -> None:
    evidence = chain.evidence()
    shard = next(
        link.ref for link in read_manifest(chain.store, evidence["validate"]).dependencies if link.name == "generate"
    )
    quarantine(
        chain.store,
        POLICY,
        model="navigator",
        digest=read_manifest(chain.store, shard).content_digest,
        by=Word("boss", "bad shard"),
    )
    with pytest.raises(Refused, match="bad shard"):
        approve(chain, answer(next_run(chain, 2).propose()))


def test_settle_quarantines_a_rejected_candidate_once_and_leaves_a_live_one_alone(chain: Chain) -> None:
    entry = chain.propose()
    gate = answer(entry, chosen_options=(REJECT,))
    arguments: dict[str, Any] = {"model": "navigator", "channel": "demo", "candidate": entry.digest, "gate": gate}
    first = settle(chain.store, POLICY, **arguments)
    assert first is not None
    assert settle(chain.store, POLICY, **arguments) == first
    assert entry.digest in [item.digest for item in first.after.quarantined]
    live = next_run(chain, 2, weights=b"good").propose()
    approve(chain, answer(live))
    assert settle(chain.store, POLICY, model="navigator", channel="demo", candidate=live.digest, gate=None) is None


def test_rollback_puts_the_previous_model_back_in_one_write(chain: Chain) -> None:
    first = chain.propose()
    approve(chain, answer(first))
    ledger = Ledger(chain.store, "navigator")
    before = ledger.live("demo")
    assert before is not None
    second = next_run(chain, 2, weights=b"second")
    evidence = {**second.evidence(), "evaluate_live": before.evidence["evaluate"]}
    entry = candidates(chain.store, "navigator", "demo").add(second.candidate(evidence))
    promoted = approve(chain, answer(entry))
    back = rollback(chain.store, POLICY, model="navigator", channel="demo", by=Word("boss", "it hit a shelf"))
    live = ledger.live("demo")
    assert live is not None
    assert live.candidate == first.digest
    assert entry.candidate.engine in [item.digest for item in back.after.quarantined]
    at_promotion = ledger.live("demo", promoted.at)
    assert at_promotion is not None
    assert at_promotion.candidate == entry.digest
    assert ledger.live("demo", promoted.at - timedelta(days=1)) is None
    with pytest.raises(Refused, match="no previous model"):
        rollback(chain.store, POLICY, model="navigator", channel="demo", by=Word("boss", "again"))


def test_verify_with_a_head_notices_a_cut_tail(chain: Chain) -> None:
    head = approve(chain, answer(chain.propose())).sha256
    assert proven(chain, head).findings == []
    (Path(chain.store.url) / "ledger/navigator/000000000001.json").unlink()
    assert any("lost entries" in item.problem for item in proven(chain, head).findings)


def test_a_killed_try_of_the_same_observation_counts_though_its_retry_passed(chain: Chain) -> None:
    evidence = chain.evidence()
    abort(chain.store, hil_job(chain, evidence, chain.nonce))
    with pytest.raises(Refused, match="came to no end"):
        approve(chain, answer(candidates(chain.store, "navigator", "demo").add(chain.candidate(evidence))))


def test_a_stopped_observation_counts_and_an_inconclusive_one_does_not(chain: Chain) -> None:
    evidence = chain.evidence()
    end(chain.store, hil_job(chain, evidence, "1" * 16), Inconclusive("starved"))
    entry = candidates(chain.store, "navigator", "demo").add(chain.candidate(evidence))
    end(chain.store, hil_job(chain, evidence, "2" * 16), Preempted("stopped"))
    with pytest.raises(Refused, match="1 observations were begun and came to no end"):
        approve(chain, answer(entry))


def test_a_fail_of_the_engine_under_another_spec_of_the_bench_is_seen(chain: Chain) -> None:
    evidence = chain.evidence()
    job = hil_job(chain, evidence, "3" * 16)
    fulfil(
        chain.store,
        job.model_copy(update={"spec": {**job.spec, "rate": 2}}),
        {"hil.json": b"{}"},
        ["it tripped"],
    )
    with pytest.raises(Refused, match="it tripped"):
        approve(chain, answer(candidates(chain.store, "navigator", "demo").add(chain.candidate(evidence))))


def hil_job(chain: Chain, evidence: Any, nonce: str) -> Any:
    inputs = [
        ManifestInput(ref=evidence["export"]),
        ManifestInput(ref=evidence["validate"], output="splits/eval.json"),
    ]
    return chain.job("hil", chain.spec("hil"), inputs, nonce)


def test_rollback_to_a_quarantined_model_or_one_made_from_something_quarantined_is_refused(chain: Chain) -> None:
    first = chain.propose()
    approve(chain, answer(first))
    live = Ledger(chain.store, "navigator").live("demo")
    assert live is not None
    second = next_run(chain, 2, weights=b"second")
    evidence = {**second.evidence(), "evaluate_live": live.evidence["evaluate"]}
    approve(chain, answer(candidates(chain.store, "navigator", "demo").add(second.candidate(evidence))))
    trained = read_manifest(chain.store, first.candidate.evidence["train"]).content_digest
    quarantine(chain.store, POLICY, model="navigator", digest=trained, by=Word("boss", "safety recall"))
    with pytest.raises(Refused, match="safety recall"):
        rollback(chain.store, POLICY, model="navigator", channel="demo", by=Word("boss", "the new one hit a shelf"))


def test_an_outage_during_the_check_refuses_nothing(chain: Chain) -> None:
    entry = chain.propose()
    down = OutOfOrder(chain.store.url)
    with pytest.raises(StoreError, match="slow down"):
        promote(down, POLICY, model=chain.model, channel=chain.channel, gate=answer(entry))
    assert refusals(chain, entry) == []
    assert (
        settle(chain.store, POLICY, model="navigator", channel="demo", candidate=entry.digest, gate=answer(entry))
        is None
    )
    assert approve(chain, answer(entry)).action == "promote"


class OutOfOrder(Store):
    """A store that does not answer for verdicts."""

    def get(self, key: str, *, max_bytes: int = 16 * 1024 * 1024) -> bytes:
        if key.endswith("verdict.json"):
            raise StoreError("503 slow down")
        return super().get(key, max_bytes=max_bytes)


def test_an_old_observation_of_the_same_engine_is_no_observation_of_this_run(chain: Chain) -> None:
    evidence = chain.evidence()
    later = next_run(chain, 2)
    renewed = {**later.evidence(), "hil": evidence["hil"]}
    with pytest.raises(Refused, match=r"the observation was made for plans/main/release-1, not for .*release-2"):
        approve(chain, answer(later.add(later.candidate(renewed))))


def test_evidence_of_a_run_that_names_its_own_people_is_refused(chain: Chain) -> None:
    chain.store.create("runs/main/train/evil/why.json", b'{"people": []}')
    job = chain.job("train", {"weights": "00"}, [ManifestInput(ref=chain.dataset(), output="splits/train.json")])
    hidden = job.model_copy(update={"run_record": "runs/main/train/evil"})
    train = fulfil(chain.store, hidden, {"model.safetensors": b"weights"})
    evidence = {**chain.evidence(), "train": train}
    with pytest.raises(Refused, match=r"a run without a record: .*runs/main/train/evil"):
        approve(chain, answer(chain.add(chain.candidate(evidence))))


def test_evidence_that_stands_on_a_pull_requests_work_is_refused(chain: Chain) -> None:
    index = chain.dataset()
    theirs = chain.job("index", {"a": 1}, []).model_copy(update={"domain": "pr-7"})
    made = fulfil(chain.store, theirs, {"scenes/a.json": b"{}"})
    train = chain.commit(
        "train",
        {"weights": chain.weights.hex(), "more": 1},
        [ManifestInput(ref=index, output="splits/train.json"), ManifestInput(ref=made)],
        {"model.safetensors": chain.weights},
    )
    evidence = {**chain.evidence(), "train": train}
    with pytest.raises(Refused, match="another domain's work: runs/pr-7/"):
        approve(chain, answer(chain.add(chain.candidate(evidence))))


def test_a_candidate_that_asks_for_longer_than_its_channel_is_refused(chain: Chain) -> None:
    entry = chain.propose(expires_at=datetime.now(UTC) + timedelta(days=3650))
    with pytest.raises(Refused, match="asks for longer than the channel's"):
        approve(chain, answer(entry))


def test_an_old_candidate_at_the_end_of_the_journal_is_not_the_newest(chain: Chain) -> None:
    chain.propose()
    next_run(chain, 2, weights=b"new").propose()
    old = chain.store.get("candidates/navigator/demo/000000000001.json")
    chain.store.create("candidates/navigator/demo/999999999999.json", old)
    with pytest.raises(StoreError, match="lies in another's place"):
        candidates(chain.store, "navigator", "demo").newest()
