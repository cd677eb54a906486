"""simgate verify: check offline all that is live, that waits to be, or that one run stands on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simgate.cli.console import console, plain, show_json
from simgate.cli.damage import DAMAGED
from simgate.cli.find import find_ref, ledgers, models
from simgate.cli.lineage import TargetArgument
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, present_store
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption
from simgate.cli.witness import NO_WITNESS, noted_heads
from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError
from simgate.core.runtime.attempt import Verdict, read_verdict
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.release.proof import Proof, prove_model, prove_run

if TYPE_CHECKING:
    from simgate.release.policy import Policy

SAID = {
    "unsigned": "not signed",
    "unknown": "signed by a key that the policy does not know",
    "revoked": "signed by a revoked key",
    "retired": "signed by a retired key",
}
"""Words for a signature that does not count, where none has to."""
SHOWN = 3
"""Number of findings of a kind that are named."""
UNSIGNED = (
    "No signature is demanded here, so anybody who can write the store can have written all of it. Shown: digests, "
    "history, answers, verdicts and the policy's demands agree."
)
SIGNED = (
    "Shown: the policy's keys signed it; digests, history, answers and verdicts agree; the policy's demands were met."
)
RUN = (
    "Shown: the bytes of this run and of everything that it was made from agree with their manifests, and no signature "
    "is wrong, or missing where the policy demands one. Not shown: that it passed, or that it was released; `simgate "
    "verify MODEL` checks that."
)
NO_TAIL = "Not shown: that no newer entry was cut off; --head or --witness checks it."


def verify(
    target: TargetArgument = "",
    head: Annotated[
        str,
        typer.Option("--head", help="Digest of a ledger entry that you noted down; verify then notices lost entries."),
    ] = "",
    witness: Annotated[
        Path,
        typer.Option(
            "--witness",
            help="File that `simgate witness` wrote; verify then notices lost entries.",
            show_default="none",
        ),
    ] = NO_WITNESS,
    domain: DomainOption = "main",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Check digests, signatures and rules behind a live model, a waiting candidate or one run. Exit 3: damage."""
    from simgate.release.policy import Policy

    place, rules, noted = present_store(store), Policy.load(policy), noted_heads(witness)
    _check_head(head)
    known = sorted({*models(place), *noted})
    if target and target not in known:
        if head:
            raise InputError(
                "--head goes with a model", actual=target, expected=" | ".join(known) or "a released model"
            )
        proofs = [_run_proof(place, rules, find_ref(place, domain, target), as_json=as_json)]
    else:
        # A digest of an entry is one of a ledger's, unless no ledger is left.
        chosen = [target] if target else (head and ledgers(place)) or known
        proofs = _prove(place, rules, chosen, head, noted)
        if not as_json:
            _print(proofs, tail=bool(head) or witness != NO_WITNESS)
    if as_json:
        _show(proofs)
    if any(proof.findings for proof in proofs):
        raise typer.Exit(DAMAGED)


def _check_head(head: str) -> None:
    if head and not re.fullmatch(r"[0-9a-f]{64}", head):
        raise InputError(
            "--head is not a whole digest", actual=head, expected="64 hexadecimal digits",
            remedy="`simgate history` prints the head's below its table",
        )  # fmt: skip


def _prove(
    store: Store, policy: Policy, chosen: Sequence[str], head: str, noted: Mapping[str, Sequence[str]]
) -> list[Proof]:
    """Return a proof for each model: one model's signatures prove nothing about another."""
    if not chosen:
        raise InputError(
            "nothing to verify: the store has no model yet", remedy="name a run, as `simgate runs` lists it"
        )
    if head and len(chosen) > 1:
        raise InputError("--head goes with one model", actual=" ".join(chosen), expected="its name")
    proofs = [Proof(model) for model in chosen]
    for proof in proofs:
        prove_model(store, policy, proof.subject, [*noted.get(proof.subject, []), *([head] if head else [])], proof)
    return proofs


def _run_proof(store: Store, policy: Policy, ref: ManifestRef, *, as_json: bool) -> Proof:
    proof = prove_run(store, policy, ref)
    if not as_json:
        _print_findings(proof)
        if not proof.findings:
            _print_run(proof, read_verdict(store, read_manifest(store, ref)))
    return proof


def _show(proofs: Sequence[Proof]) -> None:
    each = dict.fromkeys(item for proof in proofs for item in proof.findings)
    signatures = dict.fromkeys(item for proof in proofs for item in proof.signatures)
    show_json({
        "checked": " ".join(proof.subject for proof in proofs),
        "findings": [{"uri": item.uri, "problem": item.problem} for item in each],
        "signatures": [
            {"uri": item.uri, "role": item.role, "state": item.state, "key": item.keyid} for item in signatures
        ],
        "signed": all(proof.signed for proof in proofs),
        "each": [{"checked": proof.subject, "signed": proof.signed, "whole": not proof.findings} for proof in proofs],
    })  # fmt: skip


def _print(proofs: Sequence[Proof], *, tail: bool) -> None:
    out = console()
    for proof in proofs:
        _print_findings(proof)
    whole = [proof for proof in proofs if not proof.findings]
    for proof in whole:
        out.print(f"[green]verified[/] {proof.subject}: every digest is as recorded{_counted(proof)}")
        out.print(SIGNED if proof.signed else UNSIGNED)
    if whole and not tail:
        out.print(NO_TAIL)


def _print_run(proof: Proof, verdict: Verdict | None) -> None:
    """Print the result of one verified run and its verdict, FAIL as plainly as PASS; it is no proof of a release."""
    out = console()
    out.print(f"[green]verified[/] {proof.subject}: every digest is as recorded{_counted(proof)}")
    if verdict is not None:
        colour = "green" if verdict.verdict == "PASS" else "bold red"
        said = "; ".join((verdict.verdict, *verdict.reasons))
        out.print(f"its verdict: [{colour}]{plain(said)}[/]")
    out.print(RUN)


def _counted(proof: Proof) -> str:
    good = _good(proof)
    return f", {good} good signature{'s' * (good != 1)}" if good else ""


def _good(proof: Proof) -> int:
    return sum(check.state == "good" for check in proof.signatures)


def _print_findings(proof: Proof) -> None:
    out = console()
    for item in proof.findings:
        out.print(f"[red]problem[/] {plain(item.uri)}\n        {plain(item.problem)}")
    named = {item.uri for item in proof.findings}
    for state, words in SAID.items():
        uris = [check.uri for check in proof.signatures if check.state == state and check.uri not in named]
        # Where nothing is signed, one sentence at the end says so.
        if uris and (proof.signed or _good(proof) or state != "unsigned"):
            more = f" and {len(uris) - SHOWN} more" if len(uris) > SHOWN else ""
            out.print(f"[yellow]{words}[/], which no channel demands here: {plain(', '.join(uris[:SHOWN]))}{more}")
    for note in proof.notes:
        out.print(f"[yellow]note[/] {plain(note)}")
