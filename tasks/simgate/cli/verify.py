"""simgate verify: check offline all that is live, that waits to be, or that one run stands on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from simgate.cli.console import console, show_json
from simgate.cli.damage import DAMAGED
from simgate.cli.find import find_ref, ledgers, models
from simgate.cli.lineage import TargetArgument
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, open_store
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption
from simgate.cli.witness import NO_WITNESS, WitnessOption, noted_heads
from simgate.core.errors import InputError
from simgate.core.store import Store
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
"""How many of a kind are named."""
UNSIGNED = (
    "Nothing of it has to be signed: whoever can write the store can have written all of it. What is shown is that it "
    "fits together: digests, history, answers, verdicts and the policy's demands."
)
SIGNED = (
    "It is shown that the policy's keys signed it, that digests, history, answers and verdicts fit together, and that "
    "the policy's demands were met."
)
NO_TAIL = "Not shown: that no newer entry was cut off; give --head or --witness."


def verify(
    target: TargetArgument = "",
    head: Annotated[
        str, typer.Option("--head", help="Digest of a ledger entry that you noted down: a cut-off tail is noticed.")
    ] = "",
    witness: WitnessOption = NO_WITNESS,
    domain: DomainOption = "main",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Check all that a live model, a waiting candidate or one run stands on; needs no Airflow. Exit 3 names damage."""
    from simgate.release.policy import Policy

    proof = _prove(open_store(store), Policy.load(policy), domain, target, head, witness)
    if as_json:
        _show(proof)
    else:
        _print(proof, tail=bool(head) or witness != NO_WITNESS)
    if proof.findings:
        raise typer.Exit(DAMAGED)


def _prove(store: Store, policy: Policy, domain: str, target: str, head: str, witness: Path) -> Proof:
    noted = noted_heads(witness)
    known = sorted({*models(store), *noted})
    if target and target not in known:
        if head:
            raise InputError(
                "--head goes with a model", actual=target, expected=" | ".join(known) or "a released model"
            )
        return prove_run(store, policy, find_ref(store, domain, target))
    # A digest of an entry is one of a ledger's, unless no ledger is left.
    chosen = [target] if target else (head and ledgers(store)) or known
    if not chosen:
        raise InputError("nothing to verify: no model was proposed yet", remedy="name a manifest")
    if head and len(chosen) > 1:
        raise InputError("--head goes with one model", actual=" ".join(chosen), expected="its name")
    proof = Proof(" ".join(chosen))
    for model in chosen:
        prove_model(store, policy, model, [*noted.get(model, []), *([head] if head else [])], proof)
    return proof


def _show(proof: Proof) -> None:
    findings = [{"uri": item.uri, "problem": item.problem} for item in proof.findings]
    signatures = [
        {"uri": item.uri, "role": item.role, "state": item.state, "key": item.keyid} for item in proof.signatures
    ]
    show_json({"checked": proof.subject, "findings": findings, "signatures": signatures, "signed": proof.signed})


def _print(proof: Proof, *, tail: bool) -> None:
    out = console()
    for item in proof.findings:
        out.print(f"[red]does not hold[/] {escape(item.uri)}\n        {escape(item.problem)}")
    named = {item.uri for item in proof.findings}
    good = sum(check.state == "good" for check in proof.signatures)
    for state, words in SAID.items():
        uris = [check.uri for check in proof.signatures if check.state == state and check.uri not in named]
        # Where nothing is signed, one sentence at the end says so.
        if uris and (proof.signed or good or state != "unsigned"):
            more = f" and {len(uris) - SHOWN} more" if len(uris) > SHOWN else ""
            out.print(f"[yellow]{words}[/], which no channel demands here: {escape(', '.join(uris[:SHOWN]))}{more}")
    if proof.findings:
        return
    counted = f", {good} signature{'s' * (good != 1)} good" if good else ""
    out.print(f"[green]verified[/] {proof.subject}: every digest is what it should be{counted}")
    out.print(" ".join(filter(None, (SIGNED if proof.signed else UNSIGNED, "" if tail else NO_TAIL))))
