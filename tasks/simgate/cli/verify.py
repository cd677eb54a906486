"""simgate verify: walk a chain offline, from what is live or waits, or from one manifest, and check every digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from simgate.cli.console import console, show_json
from simgate.cli.find import find_ref, models
from simgate.cli.lineage import TargetArgument
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, open_store
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption
from simgate.core.artifact import ManifestRef
from simgate.core.errors import InputError, SimgateError
from simgate.core.job import MAIN
from simgate.core.store import Store
from simgate.release.authors import authors_of
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.entry import EMPTY, LiveModel, State
from simgate.release.evidence import Standing
from simgate.release.ledger import Ledger
from simgate.release.lineage import Finding, lineage, verify_tree, walk
from simgate.release.signatures import (
    GATE_ROLES,
    SignatureCheck,
    candidate_check,
    evidence_checks,
    ledger_checks,
    manifest_check,
)

if TYPE_CHECKING:
    from simgate.release.policy import Policy

DAMAGED = 3
"""Exit code: something is not what its digest says."""
SAID = {
    "unsigned": "not signed",
    "unknown": "signed by a key that the policy does not know",
    "revoked": "signed by a revoked key",
    "retired": "signed by a retired key",
}
"""Words for a signature that does not count, where none has to."""
SHOWN = 3
"""How many of a kind are named."""
TOP_DOWN = ("hil", "evaluate", "evaluate_live", "export", "train")


@dataclass
class Verified:
    """What verify found: damage, and every signature that it looked at."""

    subject: str
    findings: list[Finding] = field(default_factory=list)
    signatures: list[SignatureCheck] = field(default_factory=list)

    def sign(self, checks: Iterable[SignatureCheck], *, demanded: bool) -> None:
        """Count signatures; one that is wrong is a finding, one that is missing only where it is demanded."""
        for check in checks:
            self.signatures.append(check)
            if check.problem and (demanded or check.state == "wrong"):
                self.find([Finding(check.uri, check.problem)])

    def find(self, findings: Iterable[Finding]) -> None:
        """Add damage, each only once."""
        self.findings = list(dict.fromkeys([*self.findings, *findings]))


def verify(
    target: TargetArgument = "",
    head: Annotated[
        str, typer.Option("--head", help="Digest of a ledger entry that you noted down: a cut-off tail is noticed.")
    ] = "",
    domain: DomainOption = "main",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Check all that a live model, a waiting candidate or one run stands on; needs no Airflow. Exit 3 names damage."""
    from simgate.release.policy import Policy

    found = _verified(open_store(store), Policy.load(policy), domain, target, head)
    if as_json:
        _show(found)
    else:
        _print(found)
    if found.findings:
        raise typer.Exit(DAMAGED)


def _verified(store: Store, policy: Policy, domain: str, target: str, head: str) -> Verified:
    known = sorted({*models(store), *_folders(store, "candidates")})
    if target and target not in known:
        if head:
            raise InputError(
                "--head goes with a model", actual=target, expected=" | ".join(known) or "a released model"
            )
        return _verify_run(store, policy, find_ref(store, domain, target))
    # A digest of an entry is one of a ledger's.
    chosen = [target] if target else models(store) if head else known
    if not chosen:
        raise InputError("nothing to verify: no model was proposed yet", remedy="name a manifest")
    if head and len(chosen) > 1:
        raise InputError("--head goes with one model", actual=" ".join(chosen), expected="its name")
    found = Verified(" ".join(chosen))
    for model in chosen:
        verify_model(store, policy, model, head, found)
    return found


def _verify_run(store: Store, policy: Policy, ref: ManifestRef) -> Verified:
    found = Verified(ref.uri, verify_tree(store, ref))
    # Without keys no signed channel releases, and nobody could have signed.
    signed = bool(policy.keys) and any(rules.signed for rules in policy.channels.values())
    with found_damage(found, ref.uri):
        for node in (node for node in walk(lineage(store, ref)) if node.kind in GATE_ROLES):
            check = manifest_check(store, ManifestRef(uri=node.uri, sha256=node.sha256), policy.keys)
            # A pull request's gates are signed by nobody, and no channel takes them.
            found.sign([check], demanded=signed and node.uri.startswith(f"runs/{MAIN}/"))
    return found


@contextmanager
def found_damage(found: Verified, uri: str) -> Iterator[None]:
    """What cannot be read is a finding, not the end: everything else is still looked at."""
    try:
        yield
    except SimgateError as error:
        found.find([Finding(uri, str(error))])


def verify_model(store: Store, policy: Policy, model: str, head: str, found: Verified) -> None:
    """All damage in a model's ledger, in its candidates, and in everything that is live or waits to be."""
    ledger, state = Ledger(store, model), EMPTY
    with found_damage(found, f"ledger/{model}"):
        ledger.verify(head or None)
        state = ledger.state
        channels = {name for entry in ledger.history() for name in entry.after.channels}
        demanded = any(_demands(policy, name) for name in channels) or _is_signed_elsewhere(store, policy, model)
        found.sign(ledger_checks(store, model, policy.keys), demanded=demanded)
        for channel, now in sorted(state.channels.items()):
            if now.live is not None:
                _verify_live(store, policy, model, channel, now.live, found)
    for channel in _folders(store, f"candidates/{model}"):
        _verify_waiting(store, policy, model, channel, state, found)


def _is_signed_elsewhere(store: Store, policy: Policy, model: str) -> bool:
    """Whether the model has candidates for a signed channel: a ledger that names none of it may have been rewritten."""
    signed = (name for name, rules in policy.channels.items() if rules.signed)
    return any(candidates(store, model, name).newest() is not None for name in signed)


def _demands(policy: Policy, channel: str) -> bool:
    rules = policy.channels.get(channel)
    return rules is not None and rules.signed


def _verify_live(store: Store, policy: Policy, model: str, channel: str, live: LiveModel, found: Verified) -> None:
    folder = f"candidates/{model}/{channel}"
    with found_damage(found, folder):
        by_digest = {entry.digest: entry for entry in candidates(store, model, channel).all()}
        if (entry := by_digest.get(live.candidate)) is None:
            found.find([Finding(folder, f"the live model's candidate {live.candidate} is not in the journal")])
        else:
            _verify_candidate(store, policy, entry, found)
    if not store.keys(f"approvals/{live.candidate}"):
        what = "no approval is kept for the live model's candidate"
        found.find([Finding(f"approvals/{live.candidate}", what)])
    _verify_evidence(store, policy, channel, live, found)


def _verify_waiting(store: Store, policy: Policy, model: str, channel: str, state: State, found: Verified) -> None:
    """What a release manager may be asked about: the newest candidate until it lapses or is decided."""
    with found_damage(found, f"candidates/{model}/{channel}"):
        entry = candidates(store, model, channel).newest()
        now = state.channels.get(channel)
        decided = {item.digest for item in state.quarantined} | {now.live.candidate if now and now.live else ""}
        if entry is None or entry.digest in decided or entry.candidate.expires_at <= datetime.now(UTC):
            return
        _verify_candidate(store, policy, entry, found)
        _verify_evidence(store, policy, channel, entry.candidate, found)


def _verify_candidate(store: Store, policy: Policy, entry: CandidateEntry, found: Verified) -> None:
    demanded = _demands(policy, entry.candidate.channel)
    found.sign([candidate_check(store, entry, policy.keys)], demanded=demanded)
    found.find(Finding(entry.candidate.run_record, problem) for problem in authors_of(store, entry.candidate).problems)


def _verify_evidence(store: Store, policy: Policy, channel: str, model: Standing, found: Verified) -> None:
    seen: set[str] = set()
    # The bench's evidence stands on most of the others: from the top down each tree is read once.
    for role in sorted(model.evidence, key=_standing_on_most):
        ref = model.evidence[role]
        if ref.sha256 not in seen:
            found.find(verify_tree(store, ref))
            seen |= _digests(store, ref)
    with found_damage(found, f"evidence for {channel}"):
        checks = evidence_checks(store, model.evidence, model.engine, policy.keys)
        found.sign(checks, demanded=_demands(policy, channel))


def _standing_on_most(role: str) -> int:
    return TOP_DOWN.index(role) if role in TOP_DOWN else len(TOP_DOWN)


def _folders(store: Store, prefix: str) -> list[str]:
    return sorted(path.rstrip("/").rpartition("/")[2] for path in store.children(prefix)[0])


def _digests(store: Store, ref: ManifestRef) -> set[str]:
    try:
        return {node.sha256 for node in walk(lineage(store, ref))}
    except SimgateError:
        return {ref.sha256}


def _show(found: Verified) -> None:
    findings = [{"uri": item.uri, "problem": item.problem} for item in found.findings]
    signatures = [
        {"uri": item.uri, "role": item.role, "state": item.state, "key": item.keyid} for item in found.signatures
    ]
    show_json({"checked": found.subject, "findings": findings, "signatures": signatures})


def _print(found: Verified) -> None:
    out = console()
    for item in found.findings:
        out.print(f"[red]damaged[/] {escape(item.uri)}\n        {escape(item.problem)}")
    named = {item.uri for item in found.findings}
    for state, words in SAID.items():
        uris = [check.uri for check in found.signatures if check.state == state and check.uri not in named]
        if uris:
            more = f" and {len(uris) - SHOWN} more" if len(uris) > SHOWN else ""
            out.print(f"[yellow]{words}[/], which no channel demands here: {escape(', '.join(uris[:SHOWN]))}{more}")
    good = sum(check.state == "good" for check in found.signatures)
    if not found.findings:
        out.print(f"[green]verified[/] {found.subject}: every digest is what it should be, {good} signatures hold")
