"""Signatures: whether what a release stands on is signed by the keys that the policy trusts for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import DigestMismatch, InputError, NotFound
from simgate.core.identity.signature import MANIFEST_TYPE, MAX_ENVELOPE_BYTES, Envelope, Signer
from simgate.core.runtime.attempt import ENVELOPE_NAME, read_verdict
from simgate.core.runtime.job import MAIN
from simgate.core.runtime.manifest import MANIFEST_NAME, Manifest, parse_manifest
from simgate.core.storage.journal import Line
from simgate.core.storage.store import Store
from simgate.release.approvals import KeptApproval, read_approval
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.entry import ApprovalRef
from simgate.release.evidence import observations
from simgate.release.policy import Role
from simgate.release.trusted_key import KeyRole, TrustedKey
from simgate.rows.evidence import GATE_ROLES

State = Literal["good", "unsigned", "unknown", "retired", "revoked", "wrong"]

Keys = tuple[TrustedKey, ...]


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """The result of checking one signature."""

    uri: str
    role: KeyRole
    """The role whose key must sign it."""
    state: State
    """`wrong`: meddled with, whatever a channel demands; the rest but `good` fails where signatures are demanded."""
    keyid: str
    """Key that the signature names, or empty."""
    problem: str
    """Names key and role; empty for `good`."""


def manifest_check(store: Store, ref: ManifestRef, keys: Keys) -> SignatureCheck:
    """Check that a gate key signed a manifest's very bytes."""
    uri = f"{ref.uri.rpartition('/')[0]}/{ENVELOPE_NAME}"
    data = store.read(ref)
    dated = _finished(parse_manifest(data, what=f"manifest {ref.uri}"))
    try:
        envelope = Envelope.parse(store.get(uri, max_bytes=MAX_ENVELOPE_BYTES), what=uri)
        body = envelope.body
    except NotFound:
        return _none(ref.uri, "gate")
    except InputError as error:
        return SignatureCheck(ref.uri, "gate", "wrong", "", f"the signature of {ref.uri} is no envelope: {error}")
    if envelope.payload_type != MANIFEST_TYPE or body != data:
        problem = f"{uri} signs something else than {ref.uri}; the key of a gate must sign exactly that"
        return SignatureCheck(ref.uri, "gate", "wrong", envelope.signatures[0].keyid, problem)
    return _judge(ref.uri, "gate", envelope, keys, dated)


def line_check(uri: str, line: Line, role: KeyRole, keys: Keys) -> SignatureCheck:
    """Check that a key of `role` signed a journal's entry."""
    if line.envelope is None:
        return _none(uri, role)
    return _judge(uri, role, line.envelope, keys, line.entry.at)


def candidate_check(store: Store, entry: CandidateEntry, keys: Keys) -> SignatureCheck:
    """Check that a planner key signed a candidate."""
    model, channel = entry.candidate.model, entry.candidate.channel
    line = candidates(store, model, channel).line(entry.seq)
    uri = f"candidates/{model}/{channel} entry {entry.seq}"
    if line.entry.sha256 != entry.digest:
        return SignatureCheck(uri, "planner", "wrong", "", f"{uri} changed while it was looked at")
    return line_check(uri, line, "planner", keys)


def evidence_checks(
    store: Store, evidence: Mapping[Role, ManifestRef], engine: str, keys: Keys
) -> Iterator[SignatureCheck]:
    """Yield every gate's manifest in the evidence, and every other PASS among the observations of the engine."""
    refs = {evidence[role] for role in GATE_ROLES if role in evidence}
    for folder, item in observations(store, MAIN, engine).items():
        if isinstance(item, Manifest) and _passed(store, item):
            refs.add(ManifestRef(uri=f"{folder}/{MANIFEST_NAME}", sha256=sha256_hex(item.to_json())))
    for ref in sorted(refs, key=lambda ref: ref.uri):
        yield manifest_check(store, ref, keys)


def approval_check(store: Store, ref: ApprovalRef, keys: Keys) -> SignatureCheck:
    """Check that an approval key signed an answer as it was read."""
    return answer_check(ref.record, read_approval(store, ref), keys)


def answer_check(uri: str, kept: KeptApproval, keys: Keys) -> SignatureCheck:
    """Check that an approval key signed a record."""
    if kept.envelope is None:
        return _none(uri, "approval")
    return _judge(uri, "approval", kept.envelope, keys, kept.record.at)


def release_problems(store: Store, entry: CandidateEntry, keys: Keys) -> Iterator[str]:
    """Yield each reason why a signed channel does not trust a candidate or its evidence."""
    try:
        yield from (check.problem for check in _release_checks(store, entry, keys) if check.problem)
    except (NotFound, DigestMismatch, InputError) as error:
        # Damage is a reason to refuse; a store that does not answer is none, and raises.
        yield f"a signature cannot be checked: {error}"
    except (ValueError, TypeError, KeyError) as error:
        yield f"what is signed is malformed: {error!r}"


def _release_checks(store: Store, entry: CandidateEntry, keys: Keys) -> Iterator[SignatureCheck]:
    yield candidate_check(store, entry, keys)
    yield from evidence_checks(store, entry.candidate.evidence, entry.candidate.engine, keys)


def signer_problems(signer: Signer | None, role: KeyRole, keys: Keys) -> Iterator[str]:
    """Yield each reason why this process's signatures would not count."""
    if signer is None:
        yield f"this process has no {role} key to sign with"
        return
    key = _find(keys, signer.keyid)
    if key is None or key.role != role:
        yield f"this process signs with {_name(signer.keyid)}, which is no {role} key of the policy"
    elif key.revoked or (key.until is not None and datetime.now(UTC) >= key.until):
        yield f"this process signs with {role} {_name(key.id)}, which is {'revoked' if key.revoked else 'retired'}"


def _passed(store: Store, manifest: Manifest) -> bool:
    verdict = read_verdict(store, manifest)
    return verdict is not None and verdict.verdict == "PASS"


def _none(uri: str, role: KeyRole) -> SignatureCheck:
    return SignatureCheck(uri, role, "unsigned", "", f"{uri} is not signed: {_a(role)} key must sign it")


def _judge(uri: str, role: KeyRole, envelope: Envelope, keys: Keys, dated: datetime | None) -> SignatureCheck:
    """Return the best of an envelope's signatures; without a good one, the worst."""
    found = [_judge_one(uri, role, envelope, line.keyid, keys, dated) for line in envelope.signatures]
    good = next((check for check in found if check.state == "good"), None)
    wrong = next((check for check in found if check.state == "wrong"), None)
    return good or wrong or found[0]


def _judge_one(
    uri: str, role: KeyRole, envelope: Envelope, keyid: str, keys: Keys, dated: datetime | None
) -> SignatureCheck:
    key = _find(keys, keyid)
    name = _name(keyid)
    if key is None:
        problem = f"{uri} is signed by {name}, which the policy does not know; {_a(role)} key must sign it"
        return SignatureCheck(uri, role, "unknown", keyid, problem)
    if not envelope.signed_by(key.raw):
        problem = f"{uri} is forged: {key.role} {name} never signed that"
        return SignatureCheck(uri, role, "wrong", keyid, problem)
    if key.role != role:
        problem = f"{uri} is signed by {key.role} {name}; {_a(role)} key must sign it"
        return SignatureCheck(uri, role, "wrong", keyid, problem)
    if key.revoked:
        return SignatureCheck(uri, role, "revoked", keyid, f"{uri} is signed by {role} {name}, which is revoked")
    if key.until is not None and not (dated is not None and dated < key.until):
        problem = f"{uri}, dated {dated}, is signed by {role} {name}, which was retired at {key.until}"
        return SignatureCheck(uri, role, "retired", keyid, problem)
    return SignatureCheck(uri, role, "good", keyid, "")


def _find(keys: Keys, keyid: str) -> TrustedKey | None:
    return next((key for key in keys if key.id == keyid), None)


def _name(keyid: str) -> str:
    return f"key {keyid[:12]}"


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"


def _finished(manifest: Manifest) -> datetime | None:
    """Return the time at which a manifest says it was made; None where that is no time with a zone."""
    try:
        found = datetime.fromisoformat(manifest.predicate.run_details.metadata.finished_on)
    except ValueError:
        return None
    return found if found.tzinfo else None
