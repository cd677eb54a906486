"""simgate verify: walk a chain offline, from the live models or from one manifest, and check every digest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from simgate.cli.console import console, show_json
from simgate.cli.find import find_ref, models
from simgate.cli.lineage import TargetArgument
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, open_store
from simgate.core.artifact import ManifestRef
from simgate.core.errors import InputError, SimgateError
from simgate.core.store import Store
from simgate.release.candidate import candidates
from simgate.release.entry import LiveModel
from simgate.release.ledger import Ledger
from simgate.release.lineage import Finding, lineage, verify_tree, walk

DAMAGED = 3
"""Exit code: something is not what its digest says."""
TOP_DOWN = ("hil", "evaluate", "evaluate_live", "export", "train")


def verify(
    target: TargetArgument = "",
    head: Annotated[
        str, typer.Option("--head", help="Digest of a ledger entry that you noted down: a cut-off tail is noticed.")
    ] = "",
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Check every digest that a live model, or one run, stands on; needs no Airflow. Exit 3 names all damage."""
    place = open_store(store)
    subject, findings = _findings(place, domain, target, head)
    if as_json:
        show_json({"checked": subject, "findings": [{"uri": item.uri, "problem": item.problem} for item in findings]})
    else:
        _print(subject, findings)
    if findings:
        raise typer.Exit(DAMAGED)


def _findings(store: Store, domain: str, target: str, head: str) -> tuple[str, list[Finding]]:
    known = models(store)
    if target and target not in known:
        if head:
            raise InputError(
                "--head goes with a model", actual=target, expected=" | ".join(known) or "a released model"
            )
        ref = find_ref(store, domain, target)
        return ref.uri, verify_tree(store, ref)
    chosen = [target] if target else known
    if not chosen:
        raise InputError("nothing to verify: no model was released yet", remedy="name a manifest")
    if head and len(chosen) > 1:
        raise InputError("--head goes with one model", actual=" ".join(chosen), expected="its name")
    return " ".join(chosen), list(dict.fromkeys(item for model in chosen for item in verify_model(store, model, head)))


def verify_model(store: Store, model: str, head: str = "") -> Iterator[Finding]:
    """All damage in a model's ledger, in its candidates, and in everything that its live models stand on."""
    ledger = Ledger(store, model)
    try:
        ledger.verify(head or None)
        state = ledger.state
    except SimgateError as error:
        yield Finding(f"ledger/{model}", str(error))
        return
    for channel, found in sorted(state.channels.items()):
        if found.live is not None:
            yield from _verify_live(store, model, channel, found.live)


def _verify_live(store: Store, model: str, channel: str, live: LiveModel) -> Iterator[Finding]:
    yield from _verify_candidate(store, model, channel, live)
    seen: set[str] = set()
    # The bench's evidence stands on most of the others: from the top down each tree is read once.
    for role in sorted(live.evidence, key=_standing_on_most):
        ref = live.evidence[role]
        if ref.sha256 not in seen:
            yield from verify_tree(store, ref)
            seen |= _digests(store, ref)


def _standing_on_most(role: str) -> int:
    return TOP_DOWN.index(role) if role in TOP_DOWN else len(TOP_DOWN)


def _verify_candidate(store: Store, model: str, channel: str, live: LiveModel) -> Iterator[Finding]:
    folder = f"candidates/{model}/{channel}"
    try:
        digests = {entry.digest for entry in candidates(store, model, channel).all()}
    except SimgateError as error:
        yield Finding(folder, str(error))
        return
    if live.candidate not in digests:
        yield Finding(folder, f"the live model's candidate {live.candidate} is not in the journal")
    if not store.keys(f"approvals/{live.candidate}"):
        yield Finding(f"approvals/{live.candidate}", "no approval is kept for the live model's candidate")


def _digests(store: Store, ref: ManifestRef) -> set[str]:
    try:
        return {node.sha256 for node in walk(lineage(store, ref))}
    except SimgateError:
        return {ref.sha256}


def _print(subject: str, findings: list[Finding]) -> None:
    out = console()
    for item in findings:
        out.print(f"[red]damaged[/] {item.uri}\n        {item.problem}")
    if not findings:
        out.print(f"[green]verified[/] {subject}: every digest is what it should be")
