"""A signed channel: whoever can write the whole store, but signs with another key, is refused and named."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simgate.cli import main
from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError, Refused, SimgateError
from simgate.core.identity.signature import Envelope, Signer
from simgate.core.runtime.attempt import ENVELOPE_NAME
from simgate.core.runtime.job import ManifestInput
from simgate.core.storage.journal import Entry, Journal
from simgate.core.storage.store import Store
from simgate.release.candidate import CandidateEntry
from simgate.release.decision import Word, quarantine, rollback, waive
from simgate.release.entry import LedgerEntry
from simgate.release.policy import Policy, Role
from simgate.release.promote import promote
from simgate.release.settle import settle
from simgate.release.trusted_key import KeyRole, TrustedKey
from tests.raw_ledger import Ledger
from tests.release_chain import POLICY, Chain, answer, fulfil, new_signer, next_run, signed_policy, trusted

GATE, PLANNER, APPROVAL, LEDGER, STAGE = (new_signer() for _ in range(5))
KEYS = (trusted("gate", GATE), trusted("planner", PLANNER), trusted("approval", APPROVAL), trusted("ledger", LEDGER))
SIGNED = signed_policy(*KEYS)

SHIPPED = Path(__file__).parents[2] / "examples/demo/policy.yaml"

Evidence = Mapping[Role, ManifestRef]


@dataclass
class Release:
    """A store, one candidate in it, and what it stands on."""

    chain: Chain
    evidence: Evidence
    entry: CandidateEntry

    @property
    def store(self) -> Store:
        return self.chain.store

    def path(self, key: str) -> Path:
        """The object itself: the attacker may write all of them."""
        return Path(self.store.url) / key

    def envelope_path(self, role: Role) -> Path:
        return self.path(self.evidence[role].uri).with_name(ENVELOPE_NAME)

    @property
    def candidate_path(self) -> Path:
        return self.path(f"candidates/navigator/demo/{self.entry.seq:012d}.json")

    def ledger_path(self, seq: int) -> Path:
        return self.path(f"ledger/navigator/{seq:012d}.json")

    def promote(self, signer: Signer | None = LEDGER) -> LedgerEntry:
        return promote(
            self.store,
            self.chain.policy,
            model="navigator",
            channel="demo",
            gate=answer(self.entry),
            signer=signer,
            approvals=self.chain.approvals,
        )


def begin(folder: Path, policy: Policy = SIGNED) -> Chain:
    signers: dict[KeyRole, Signer] = {"gate": GATE, "planner": PLANNER, "approval": APPROVAL}
    return Chain(Store(str(folder / "store")), folder / "scenes", policy=policy, signers=signers)


def propose(chain: Chain) -> Release:
    live = Ledger(chain.store, "navigator").live("demo")
    evidence: dict[Role, ManifestRef] = chain.evidence()
    if live is not None:
        evidence["evaluate_live"] = live.evidence["evaluate"]
    return Release(chain, evidence, chain.add(chain.candidate(evidence)))


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Signed by everybody who should, and not yet promoted, beside a waiver that the ledger holds."""
    chain = begin(tmp_path)
    waive(
        chain.store, SIGNED, model="navigator", channel="demo", manifest="a" * 64,
        by=Word("boss", "a cable", "author"), signer=LEDGER,
    )  # fmt: skip
    return propose(chain)


def reseal(path: Path, signer: Signer, **changes: Any) -> None:
    """Sign an entry anew, with changes: its digest stays right, only the key is another."""
    envelope = Envelope.parse(path.read_bytes(), what="e")
    entry = Entry.from_json(envelope.body, what="e").model_copy(update=changes)
    path.write_bytes(signer.sign(entry.to_json(), envelope.payload_type).to_json())


def claim(path: Path, keyid: str) -> None:
    """Write another key's id on a signature."""
    document = json.loads(path.read_bytes())
    document["signatures"][0]["keyid"] = keyid
    path.write_text(json.dumps(document))


def sign_evidence(release: Release, role: Role, signer: Signer) -> None:
    data = release.path(release.evidence[role].uri).read_bytes()
    release.envelope_path(role).write_bytes(signer.sign(data, "application/vnd.in-toto+json").to_json())


def borrow_key_id(release: Release) -> None:
    sign_evidence(release, "hil", STAGE)
    claim(release.envelope_path("hil"), GATE.keyid)


def swap_envelopes(release: Release) -> None:
    one, two = release.envelope_path("hil"), release.envelope_path("evaluate")
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def sign_as_another_type(release: Release) -> None:
    data = release.path(release.evidence["export"].uri).read_bytes()
    release.envelope_path("export").write_bytes(GATE.sign(data, "text/plain").to_json())


def bare(path: Path) -> None:
    path.write_bytes(Envelope.parse(path.read_bytes(), what="e").body)


def another_pass(release: Release) -> None:
    """A PASS beside the honest observation, where a FAIL may have been."""
    inputs = [
        ManifestInput(ref=release.evidence["export"]),
        ManifestInput(ref=release.evidence["validate"], output="splits/eval.json"),
    ]
    job = release.chain.job("hil", release.chain.spec("hil"), inputs, "e" * 16)
    fulfil(release.store, job, {"hil.json": b"{}"}, [], STAGE)


def cut_off(path: Path) -> None:
    path.write_bytes(b"{}")


def flip(path: Path) -> None:
    document = json.loads(path.read_bytes())
    sig = document["signatures"][0]["sig"]
    document["signatures"][0]["sig"] = ("B" if sig[0] == "A" else "A") + sig[1:]
    path.write_text(json.dumps(document))


EVIDENCE: list[tuple[str, Callable[[Release], None], str]] = [
    ("a PASS signed by a stage", lambda r: sign_evidence(r, "hil", STAGE), f"{STAGE.keyid[:12]}, which the policy"),
    ("a PASS under the gate's key id", borrow_key_id, f"forged: gate key {GATE.keyid[:12]}"),
    ("a PASS signed by the planner", lambda r: sign_evidence(r, "hil", PLANNER), "by planner key .* a gate key must"),
    ("a signature stripped", lambda r: r.envelope_path("validate").unlink(), "validate/.* is not signed: a gate key"),
    ("envelopes swapped", swap_envelopes, "signs something else"),
    ("signed as another type", sign_as_another_type, "signs something else"),
    ("a signature cut off", lambda r: cut_off(r.envelope_path("hil")), "is no envelope"),
    ("a signature flipped", lambda r: flip(r.envelope_path("export")), f"forged: gate key {GATE.keyid[:12]}"),
    ("another observation, unsigned by a gate", another_pass, f"{STAGE.keyid[:12]}, which the policy"),
]
CANDIDATE: list[tuple[str, Callable[[Release], None], str]] = [
    ("stripped", lambda r: bare(r.candidate_path), "candidates/.* is not signed: a planner key"),
    ("signed by a stage", lambda r: reseal(r.candidate_path, STAGE), f"{STAGE.keyid[:12]}, which the policy"),
    ("signed by a gate", lambda r: reseal(r.candidate_path, GATE), "by gate key .* a planner key must"),
    ("flipped", lambda r: flip(r.candidate_path), f"forged: planner key {PLANNER.keyid[:12]}"),
]
LEDGER_ATTACKS: list[tuple[str, Callable[[Release], None], str]] = [
    ("stripped", lambda r: bare(r.ledger_path(1)), "ledger/navigator entry 1 is not signed: a ledger key"),
    ("signed by a stage", lambda r: reseal(r.ledger_path(1), STAGE), f"{STAGE.keyid[:12]}, which the policy"),
    ("signed by the planner", lambda r: reseal(r.ledger_path(1), PLANNER), "by planner key .* a ledger key must"),
    ("flipped", lambda r: flip(r.ledger_path(1)), f"forged: ledger key {LEDGER.keyid[:12]}"),
]


def rows(table: list[tuple[str, Callable[[Release], None], str]]) -> list[Any]:
    return [pytest.param(attack, said, id=name) for name, attack, said in table]


def verify(release: Release, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    """Exit code and report of `simgate verify`."""
    code, said = verify_as_people_do(release, monkeypatch, capsys, "--json")
    return code, json.loads(said)


def verify_as_people_do(
    release: Release, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str]:
    """Exit code and what is printed."""
    file = release.chain.folder / "policy.yaml"
    file.write_text(release.chain.policy.to_json().decode())
    capsys.readouterr()
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    command = ["simgate", "verify", *words, "--store", release.store.url, "--policy", str(file)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), capsys.readouterr().out


def test_what_everybody_signed_goes_live_under_a_signed_entry_and_verifies(
    release: Release, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = release.promote()
    assert release.promote() == written
    envelope = Journal(release.store, "ledger/navigator").envelope(written.seq)
    assert envelope is not None
    assert envelope.signed_by(LEDGER.public_key)
    code, said = verify(release, monkeypatch, capsys)
    assert (code, said["findings"]) == (0, [])
    assert [item["state"] for item in said["signatures"]] == ["good"] * 8


@pytest.mark.parametrize(("attack", "said"), rows(EVIDENCE + CANDIDATE + LEDGER_ATTACKS))
def test_promote_refuses_what_another_key_made(release: Release, attack: Callable[[Release], None], said: str) -> None:
    attack(release)
    with pytest.raises(Refused, match=said):
        release.promote()
    assert Ledger(release.store, "navigator").live("demo") is None
    assert len(release.store.keys(f"approvals/{release.entry.digest}")) == 1


@pytest.mark.parametrize(("attack", "said"), rows(EVIDENCE + CANDIDATE + LEDGER_ATTACKS))
def test_verify_names_what_another_key_made_of_a_live_model(
    release: Release,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    attack: Callable[[Release], None],
    said: str,
) -> None:
    release.promote()
    attack(release)
    code, report = verify(release, monkeypatch, capsys)
    assert code == 3
    with pytest.raises(Refused, match=said):
        raise Refused("; ".join(item["problem"] for item in report["findings"]))


def test_an_entry_replayed_under_a_new_number_is_refused_and_named(
    release: Release, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    release.promote()
    release.ledger_path(3).write_bytes(release.ledger_path(1).read_bytes())
    with pytest.raises(SimgateError, match="lies in another's place"):
        propose(next_run(release.chain, 2, weights=b"new")).promote()
    code, report = verify(release, monkeypatch, capsys)
    assert code == 3
    assert "lies in another's place" in report["findings"][0]["problem"]


def test_an_entry_of_another_model_s_ledger_is_refused_though_its_own_key_signed_it(release: Release) -> None:
    other = release.path("ledger/forklift/000000000001.json")
    other.parent.mkdir()
    other.write_bytes(release.ledger_path(1).read_bytes())
    with pytest.raises(SimgateError, match="belongs elsewhere"):
        list(Ledger(release.store, "forklift").history())


def test_a_forged_entry_of_our_own_id_is_not_taken_for_our_own(release: Release) -> None:
    gate = answer(release.entry)
    head = Ledger(release.store, "navigator").head()
    assert head is not None
    decision = head.decision.model_copy(update={"action": "promote", "subject": release.entry.digest})
    forged = {"version": 2, "decision": decision.model_dump(mode="json")}
    after = head.after.model_dump(mode="json")
    entry_id = f"promote-{release.entry.digest}-{gate.approval_id}"
    Journal(release.store, "ledger/navigator", STAGE).append({**forged, "after": after}, entry_id=entry_id)
    with pytest.raises(Refused, match=f"{STAGE.keyid[:12]}, which the policy"):
        release.promote()


def test_a_promoter_without_the_ledger_s_key_is_refused(release: Release) -> None:
    with pytest.raises(Refused, match="no ledger key to sign with"):
        release.promote(None)
    with pytest.raises(Refused, match="which is no ledger key"):
        release.promote(GATE)


def test_a_policy_without_keys_refuses_everything(tmp_path: Path) -> None:
    release = propose(begin(tmp_path, signed_policy()))
    with pytest.raises(Refused, match="which is no ledger key of the policy"):
        release.promote()


def test_nobody_without_a_key_writes_into_a_signed_ledger(release: Release) -> None:
    with pytest.raises(Refused, match="no ledger key to sign with"):
        quarantine(release.store, SIGNED, model="navigator", digest="b" * 64, by=Word("boss", "bad"))
    words: dict[str, Any] = {"model": "navigator", "channel": "demo", "candidate": release.entry.digest}
    settled = settle(release.store, SIGNED, **words, gate=None, signer=LEDGER)
    assert settled is not None
    quarantine(release.store, SIGNED, model="navigator", digest="b" * 64, by=Word("boss", "bad"), signer=LEDGER)
    assert all(line.envelope for line in Ledger(release.store, "navigator").lines())


def test_a_rollback_out_of_a_forged_ledger_is_refused(release: Release) -> None:
    release.promote()
    second = propose(next_run(release.chain, 2, weights=b"second"))
    second.promote()
    words: dict[str, Any] = {"model": "navigator", "channel": "demo", "by": Word("boss", "it hit a shelf")}
    good = release.ledger_path(3).read_bytes()
    reseal(release.ledger_path(3), STAGE)
    with pytest.raises(Refused, match="does not hold: entry 3"):
        rollback(release.store, SIGNED, **words, signer=LEDGER)
    release.ledger_path(3).write_bytes(good)
    assert rollback(release.store, SIGNED, **words, signer=LEDGER).action == "rollback"


def test_a_ledger_that_was_written_anew_without_its_channels_still_owes_its_signatures(
    release: Release, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    release.promote()
    path = release.ledger_path(1)
    entry = json.loads(Envelope.from_json(path.read_bytes(), what="entry").body)
    entry["body"]["after"]["channels"] = {}
    path.write_bytes(json.dumps(entry).encode())
    code, report = verify(release, monkeypatch, capsys)
    assert code == 3
    assert any("not signed" in finding["problem"] for finding in report["findings"])


def test_where_nobody_demands_signatures_missing_ones_are_said_and_wrong_ones_are_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = begin(tmp_path, POLICY.model_copy(update={"keys": KEYS}))
    chain.signers = {}
    release = propose(chain)
    release.promote(None)
    code, report = verify(release, monkeypatch, capsys)
    assert (code, {item["state"] for item in report["signatures"]}) == (0, {"unsigned"})
    sign_evidence(release, "hil", STAGE)
    code, report = verify(release, monkeypatch, capsys)
    assert (code, {item["state"] for item in report["signatures"]}) == (0, {"unsigned", "unknown"})
    claim(release.envelope_path("hil"), GATE.keyid)
    code, report = verify(release, monkeypatch, capsys)
    assert code == 3
    assert "forged" in report["findings"][0]["problem"]


def test_verify_of_one_run_looks_at_the_signatures_of_its_gates(
    release: Release, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hil = release.evidence["hil"].uri
    assert "3 good signatures" in verify_as_people_do(release, monkeypatch, capsys, hil)[1]
    sign_evidence(release, "export", STAGE)
    code, said = verify_as_people_do(release, monkeypatch, capsys, hil)
    assert (code, said.count("which the policy does not know; a gate key must sign it")) == (3, 1)
    release.envelope_path("export").unlink()
    code, said = verify_as_people_do(release, monkeypatch, capsys, hil)
    assert (code, said.count("is not signed: a gate key must sign it")) == (3, 1)
    release.chain.policy = POLICY.model_copy(update={"keys": KEYS})
    code, said = verify_as_people_do(release, monkeypatch, capsys, hil)
    assert code == 0
    assert f"not signed, which no channel demands here: {release.evidence['export'].uri}" in said
    borrow_key_id(release)
    code, said = verify_as_people_do(release, monkeypatch, capsys, hil)
    assert code == 3
    assert "is forged" in said


def test_verify_of_a_run_asks_for_no_signature_where_nobody_has_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = begin(tmp_path, Policy.load(SHIPPED))
    chain.signers = {}
    release = propose(chain)
    assert verify_as_people_do(release, monkeypatch, capsys, release.evidence["hil"].uri)[0] == 0


def append_unsigned(release: Release) -> None:
    """A newest candidate of whoever may write the journal, its chain unbroken."""
    journal = Journal(release.store, "candidates/navigator/demo")
    head = journal.head()
    assert head is not None
    body = {**head.body, "nonce": "f" * 32}
    entry = Entry(seq=head.seq + 1, id="mine", previous=head.sha256, at=datetime.now(UTC), body=body)
    release.path(f"candidates/navigator/demo/{entry.seq:012d}.json").write_bytes(entry.to_json())


@pytest.mark.parametrize("first_promoted", [True, False])
def test_verify_names_a_forged_candidate_that_waits(
    release: Release, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], first_promoted: bool
) -> None:
    if first_promoted:
        release.promote()
    assert verify(release, monkeypatch, capsys)[0] == 0
    append_unsigned(release)
    code, report = verify(release, monkeypatch, capsys)
    assert code == 3
    assert [item["problem"] for item in report["findings"]] == [
        "candidates/navigator/demo entry 2 is not signed: a planner key must sign it"
    ]
    release.ledger_path(1).write_bytes(b"{}")
    assert "a planner key must sign it" in json.dumps(verify(release, monkeypatch, capsys)[1]["findings"])


def test_verify_names_a_forged_pass_under_a_candidate_that_waits_for_the_first_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    release = propose(begin(tmp_path))
    assert verify(release, monkeypatch, capsys)[0] == 0
    sign_evidence(release, "hil", STAGE)
    code, report = verify(release, monkeypatch, capsys)
    assert code == 3
    assert [item["uri"] for item in report["findings"]] == [release.evidence["hil"].uri]


def name_no_author(release: Release) -> None:
    release.path("plans/main/release-1/why.json").write_text('{"people": []}')


def lose_the_record(release: Release) -> None:
    release.path("plans/main/release-1/why.json").unlink()


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (name_no_author, "author@example.org was an author when it was proposed, and is named no more"),
        (lose_the_record, "whose work it is cannot be read"),
    ],
)
def test_a_record_that_loses_its_authors_is_refused_and_named(
    release: Release,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    attack: Callable[[Release], None],
    said: str,
) -> None:
    attack(release)
    with pytest.raises(Refused, match=said):
        release.promote()
    assert release.store.keys(f"approvals/{release.entry.digest}"), "the refusal is kept"
    code, report = verify(release, monkeypatch, capsys)
    assert code == 3
    assert any(said in item["problem"] for item in report["findings"])


def rotated(*keys: TrustedKey) -> Policy:
    return signed_policy(*keys, *KEYS[1:])


def same_again(release: Release, policy: Policy, **signers: Signer) -> Release:
    """A new candidate of the runs that are committed already, the observation aside, under another policy."""
    chain = release.chain
    signed_by = {"gate": GATE, "planner": PLANNER, "approval": APPROVAL, **signers}
    again = propose(next_run(chain, 9, policy=policy, signers=signed_by))
    assert {role: ref for role, ref in again.evidence.items() if role != "hil"} == {
        role: ref for role, ref in release.evidence.items() if role != "hil"
    }
    return again


def test_rotation_keeps_old_evidence_and_refuses_new_work_of_the_old_key(release: Release) -> None:
    new, until = new_signer(), datetime.now(UTC)
    again = same_again(release, rotated(trusted("gate", GATE, until=until), trusted("gate", new)), gate=new)
    again.promote()
    signers: dict[KeyRole, Signer] = {"gate": GATE, "planner": PLANNER, "approval": APPROVAL}
    with pytest.raises(Refused, match=f"gate key {GATE.keyid[:12]}, which was retired at"):
        propose(next_run(again.chain, 2, weights=b"late", signers=signers)).promote()
    assert propose(next_run(again.chain, 3, weights=b"new")).promote()


def test_a_revoked_key_s_old_evidence_is_refused_too(release: Release) -> None:
    new = new_signer()
    again = same_again(release, rotated(trusted("gate", GATE, revoked=True), trusted("gate", new)), gate=new)
    with pytest.raises(Refused, match=f"gate key {GATE.keyid[:12]}, which is revoked"):
        again.promote()


def test_a_retired_ledger_key_signs_nothing_new(release: Release) -> None:
    retired = trusted("ledger", LEDGER, until=datetime.now(UTC))
    with pytest.raises(Refused, match=r"this process signs with ledger key .* which is retired"):
        same_again(release, signed_policy(*KEYS[:3], retired)).promote()


def test_a_key_that_will_retire_still_signs(release: Release) -> None:
    soon = trusted("ledger", LEDGER, until=datetime.now(UTC) + timedelta(hours=1))
    assert same_again(release, signed_policy(*KEYS[:3], soon)).promote()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": STAGE.keyid}, "another key's id"),
        ({"public_key": "AAAA"}, "32 bytes"),
        ({"public_key": "?"}, "base64"),
        ({"until": "2026-12-01T00:00:00"}, "timezone"),
        ({"role": "stage"}, "gate"),
    ],
)
def test_a_policy_s_key_that_cannot_be_is_named(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    document = json.loads(SIGNED.to_json())
    document["keys"][0].update(changes)
    path = tmp_path / "policy.yaml"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=said):
        Policy.load(path)


def test_a_key_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="each has one role"):
        Policy.from_json(signed_policy(*KEYS, trusted("planner", GATE)).to_json(), what="policy")


def test_yaml_s_own_dates_are_read(tmp_path: Path) -> None:
    key = f"{{id: {GATE.keyid}, role: gate, public_key: {KEYS[0].public_key}, until: 2026-12-01T12:00:00Z}}"
    (tmp_path / "policy.yaml").write_text(f"people: []\nchannels: {{}}\nkeys: [{key}]\n")
    (found,) = Policy.load(tmp_path / "policy.yaml").keys
    assert found.until == datetime(2026, 12, 1, 12, tzinfo=UTC)
