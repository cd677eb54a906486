"""Proof: everything that a model's release stands on, checked again: the judged ledger, evidence, signatures, bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError, SimgateError
from simgate.core.runtime.job import MAIN
from simgate.core.runtime.manifest import MANIFEST_NAME, parse_manifest
from simgate.core.storage.store import Store
from simgate.release.approvals import approvals_prefix, kept_approvals
from simgate.release.authors import authors_of
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.entry import EMPTY, LedgerEntry, LiveModel
from simgate.release.evidence import Standing, evidence_problems
from simgate.release.judge import ReleaseState, judge, proposed_channels
from simgate.release.lineage import Finding, lineage, verify_bytes, verify_tree, walk
from simgate.release.outcome import outcome_problems
from simgate.release.policies import read_policy
from simgate.release.policy import Policy
from simgate.release.signatures import SignatureCheck, candidate_check, evidence_checks, manifest_check
from simgate.rows.evidence import EVIDENCE_ROLES, GATE_ROLES

TOP_DOWN = tuple(reversed(EVIDENCE_ROLES))


@dataclass
class Proof:
    """The result of a verification: problems, and every signature that was checked."""

    subject: str
    findings: list[Finding] = field(default_factory=list)
    signatures: list[SignatureCheck] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Checks that could not be made, and are no sign of damage."""
    signed: bool = False
    """Whether signatures are demanded of any of it."""

    def sign(self, checks: Iterable[SignatureCheck], *, demanded: bool) -> None:
        """Count signatures; one that is wrong is a finding, one that is missing only where it is demanded."""
        self.signed = self.signed or demanded
        for check in checks:
            self.signatures.append(check)
            if check.problem and (demanded or check.state == "wrong"):
                self.find([Finding(check.uri, check.problem)])

    def find(self, findings: Iterable[Finding]) -> None:
        """Add problems, each only once."""
        self.findings = list(dict.fromkeys([*self.findings, *findings]))

    @contextmanager
    def reading(self, uri: str) -> Iterator[None]:
        """Turn an error in this block into a finding, so that everything else is still checked."""
        try:
            yield
        except SimgateError as error:
            self.find([Finding(uri, str(error))])


def prove_run(store: Store, policy: Policy, ref: ManifestRef) -> Proof:
    """Check one run and all that it was made from."""
    proof = Proof(ref.uri, verify_tree(store, ref))
    # Without keys no signed channel releases, and nobody could have signed.
    signed = bool(policy.keys) and any(rules.signed for rules in policy.channels.values())
    with proof.reading(ref.uri):
        for node in (node for node in walk(lineage(store, ref)) if node.kind in GATE_ROLES):
            check = manifest_check(store, ManifestRef(uri=node.uri, sha256=node.sha256), policy.keys)
            # A pull request's gates are signed by nobody, and no channel takes them.
            proof.sign([check], demanded=signed and node.uri.startswith(f"runs/{MAIN}/"))
    return proof


def prove_model(store: Store, policy: Policy, model: str, heads: Sequence[str], proof: Proof) -> None:
    """Check a model's ledger, all that is live, and the candidates that wait; `heads` were noted down elsewhere."""
    with proof.reading(f"ledger/{model}"):
        state = judge(store, policy, model)
        proof.sign(state.signatures, demanded=False)
        proof.signed = proof.signed or state.signed
        proof.find([Finding(f"ledger/{model}", state.problem)] if state.problem else [])
        known = {entry.sha256 for entry in state.entries}
        proof.find(
            Finding(f"ledger/{model}", f"has lost entries: {head}, which was noted down, is not among {len(known)}")
            for head in heads
            if head not in known
        )
        for channel, now in sorted(state.state.channels.items()):
            if now.live is not None:
                _prove_live(store, policy, state, channel, now.live, proof)
        for channel in proposed_channels(store, model):
            _prove_waiting(store, policy, state, channel, proof)
            _prove_answers(store, state, channel, proof)


def _prove_live(store: Store, policy: Policy, state: ReleaseState, channel: str, live: LiveModel, proof: Proof) -> None:
    signed = state.must_sign(policy, channel)
    with proof.reading(f"candidates/{state.model}/{channel}"):
        entry = candidates(store, state.model, channel).find(live.candidate)
        if entry is not None:
            _prove_authors(store, entry, proof)
            _prove_observations(store, entry, proof)
            proof.find(_then(store, state, entry, proof))
    _prove_evidence(store, policy, channel, live, proof, signed=signed)


def _then(store: Store, state: ReleaseState, entry: CandidateEntry, proof: Proof) -> Iterator[Finding]:
    """Check promote's demands again: by the policy, the ledger and the observations of that time."""
    number, promoted = _promotion_of(state.entries, entry)
    try:
        rules = read_policy(store, promoted.decision.policy_sha256).channel(entry.candidate.channel)
    except InputError as error:
        # Its digest is right, so nobody changed it: another version of simgate wrote it.
        proof.notes.append(f"what promotion demanded of {state.model} is not judged again: {error}")
        return
    before = state.entries[number - 1].after if number else EMPTY
    at = promoted.decision.decided_at
    for problem in evidence_problems(store, rules, entry.candidate, before, at=at, later=True):
        yield Finding(f"evidence of {state.model}, candidate {entry.seq}", problem)


def _promotion_of(entries: Sequence[LedgerEntry], candidate: CandidateEntry) -> tuple[int, LedgerEntry]:
    found = enumerate(entries)
    mine = ((n, item) for n, item in found if item.action == "promote" and item.decision.subject == candidate.digest)
    return next(mine)


def _prove_waiting(store: Store, policy: Policy, state: ReleaseState, channel: str, proof: Proof) -> None:
    """Check the newest candidate, until it lapses or is decided: a release manager may be asked about it."""
    with proof.reading(f"candidates/{state.model}/{channel}"):
        entry = candidates(store, state.model, channel).newest()
        if entry is None or _is_decided(state, channel, entry):
            return
        # Before its own words are believed: an unsigned one that says it lapsed would hide the one that waits.
        signed = state.must_sign(policy, channel)
        proof.sign([candidate_check(store, entry, policy.keys)], demanded=signed)
        if entry.candidate.expires_at <= datetime.now(UTC):
            return
        _prove_authors(store, entry, proof)
        _prove_observations(store, entry, proof)
        _prove_evidence(store, policy, channel, entry.candidate, proof, signed=signed)


def _is_decided(state: ReleaseState, channel: str, entry: CandidateEntry) -> bool:
    live = state.live(channel)
    return entry.digest in {item.digest for item in state.state.quarantined} | {live.candidate if live else ""}


def _prove_answers(store: Store, state: ReleaseState, channel: str, proof: Proof) -> None:
    """Find an accepted answer that no entry used: promote was cut off right then, or the ledger has lost its tail."""
    used = {item.decision.subject for item in state.entries}
    with proof.reading("approvals"):
        for entry in candidates(store, state.model, channel).all():
            if entry.digest in used:
                continue
            kept = kept_approvals(store, entry.digest)
            if any(item.record.outcome == "accepted" for item in kept):
                said = "was accepted, and no ledger entry says so: promote was cut off, or the ledger has lost its tail"
                proof.find([Finding(approvals_prefix(entry.digest), f"candidate {entry.seq} {said}")])


def _prove_authors(store: Store, entry: CandidateEntry, proof: Proof) -> None:
    problems = authors_of(store, entry.candidate).problems
    proof.find(Finding(entry.candidate.run_record, problem) for problem in problems)


def _prove_observations(store: Store, entry: CandidateEntry, proof: Proof) -> None:
    """Check every bench run that the candidate names, whole: how it ended, and what it left."""
    for folder, noted in entry.candidate.observations.items():
        with proof.reading(folder):
            proof.find(Finding(folder, problem) for problem in outcome_problems(store, folder, noted))
            key = f"{folder}/{MANIFEST_NAME}"
            if store.exists(key):
                manifest = parse_manifest(store.get(key), what=f"manifest {key}")
                for artifact in (*manifest.artifacts, *manifest.byproducts):
                    proof.find(verify_bytes(store, artifact.uri, artifact.sha256, artifact.name))


def _prove_evidence(store: Store, policy: Policy, channel: str, model: Standing, proof: Proof, *, signed: bool) -> None:
    seen: set[str] = set()
    # The bench's evidence stands on most of the others: from the top down each tree is read once.
    for role in sorted(model.evidence, key=_standing_on_most):
        ref = model.evidence[role]
        if ref.sha256 not in seen:
            proof.find(verify_tree(store, ref))
            seen |= _digests(store, ref)
    with proof.reading(f"evidence for {channel}"):
        proof.sign(evidence_checks(store, model.evidence, model.engine, policy.keys), demanded=signed)


def _standing_on_most(role: str) -> int:
    return TOP_DOWN.index(role)


def _digests(store: Store, ref: ManifestRef) -> set[str]:
    try:
        return {node.sha256 for node in walk(lineage(store, ref))}
    except SimgateError:
        return {ref.sha256}
