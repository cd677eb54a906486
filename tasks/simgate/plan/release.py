"""Release planning: is there a dataset that no candidate was made of yet, and what would the candidate replace?"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from simgate.core.errors import InputError
from simgate.core.heads import DatasetHead, dataset_head
from simgate.core.manifest import Manifest, read_manifest
from simgate.core.store import Store
from simgate.plan.jobs import NotReady, find, slots_of
from simgate.plan.record import LiveBefore, ReleaseWhy, Trigger
from simgate.release.candidate import candidates
from simgate.release.ledger import Ledger
from simgate.release.lineage import people_of
from simgate.release.policy import Policy
from simgate.specs.generate import SimulationSpec
from simgate.specs.recipe import ReleaseRecipe


def plan_release(
    store: Store, *, domain: str, recipe: ReleaseRecipe, policy: Policy, run: str, triggers: Sequence[Trigger]
) -> ReleaseWhy | None:
    """Why the run should be, or None where the newest candidate is made of this dataset and recipe already."""
    head = dataset_head(store, domain)
    if head is None:
        raise InputError(f"no dataset in domain {domain}", remedy="run build_dataset first")
    policy.channel(recipe.channel)
    why = _why(store, head, domain, recipe, policy, run, triggers)
    by_hand = any(trigger.kind == "manual" for trigger in triggers)
    return None if _proposed(store, why) and not by_hand else why


def _why(
    store: Store,
    head: DatasetHead,
    domain: str,
    recipe: ReleaseRecipe,
    policy: Policy,
    run: str,
    triggers: Sequence[Trigger],
) -> ReleaseWhy:
    validate = read_manifest(store, head.validate_ref)
    ledger = Ledger(store, recipe.model)
    top = ledger.head()
    people = people_of(store, [head.validate_ref]) | {trigger.who for trigger in triggers if trigger.who}
    dataset = Trigger(kind="dataset", who="", detail=f"dataset {head.seq} {head.content_digest[:12]}", at=head.at)
    return ReleaseWhy(
        run=run,
        domain=domain,
        triggers=(*triggers, dataset),
        people=tuple(sorted(people)),
        pull_request="",
        dataset=head.validate_ref,
        simulation=_simulation(store, validate),
        recipe=recipe,
        policy_sha256=policy.sha256,
        replaces=top.sha256 if top else "",
        live=_live(store, ledger, recipe.channel),
        nonce=secrets.token_hex(8),
    )


def _simulation(store: Store, validate: Manifest) -> SimulationSpec:
    """How the dataset was simulated: any shard's spec without the shard."""
    shard = next(link for link in validate.dependencies if link.name == "generate")
    spec = read_manifest(store, shard.ref).spec
    common = {name: value for name, value in spec.items() if name in SimulationSpec.model_fields}
    return SimulationSpec.from_value(common, what="spec of a shard")


def _live(store: Store, ledger: Ledger, channel: str) -> LiveBefore | None:
    live = ledger.live(channel)
    if live is None:
        return None
    export = read_manifest(store, live.evidence["export"])
    return LiveBefore(train=live.evidence["train"], export_content=export.content_digest)


def _proposed(store: Store, why: ReleaseWhy) -> bool:
    """Whether the newest candidate came of these very runs: a doubled event makes no second candidate."""
    newest = candidates(store, why.recipe.model, why.recipe.channel).newest()
    try:
        evaluated = find(store, slots_of(store, why, "evaluate")[0])
        exported = find(store, slots_of(store, why, "export")[0])
    except NotReady:
        return False
    if newest is None or evaluated is None or exported is None:
        return False
    same = (
        newest.candidate.evidence.get("evaluate") == evaluated and newest.candidate.evidence.get("export") == exported
    )
    return same and newest.candidate.policy_sha256 == why.policy_sha256


def nothing_to_release(store: Store, why: ReleaseWhy) -> bool:
    """Whether the run's engine is, byte for byte, the live one."""
    exported = find(store, slots_of(store, why, "export")[0])
    if exported is None:
        raise NotReady("export is not committed", remedy="it comes first")
    return why.live is not None and read_manifest(store, exported).content_digest == why.live.export_content
