"""Release planning: whether a dataset has no candidate yet, and what its candidate would replace."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.stage_spec import EnvironmentPins
from simgate.core.errors import InputError
from simgate.core.identity.code import code_digest
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.heads import DatasetHead, dataset_head
from simgate.core.storage.store import Store
from simgate.documents.dataset import SplitDocument
from simgate.plan.jobs import RELEASE_STAGES, NotReady, find, slots_of, the
from simgate.plan.record import LiveBefore, ReleaseWhy, Trigger
from simgate.plan.tries import Tries
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.evidence import observations
from simgate.release.judge import ReleaseState, judge
from simgate.release.lineage import people_of
from simgate.release.policy import Policy
from simgate.release.settle import REJECTED
from simgate.release.undecided import gate_is_over
from simgate.rows.runtime import runtime_of
from simgate.specs.generate import SimulationSpec
from simgate.specs.recipe import DATASET_DAG, ReleaseRecipe


def plan_release(
    store: Store, *, domain: str, recipe: ReleaseRecipe, policy: Policy, run: str, triggers: Sequence[Trigger]
) -> ReleaseWhy | None:
    """Plan the run; None where this dataset and recipe are decided already, or being decided.

    Decided means: there is a candidate, or a gate said FAIL, or the engine would be the live one again.
    """
    head = dataset_head(store, domain, recipe.dataset)
    if head is None:
        remedy = f"run {DATASET_DAG}.{recipe.dataset} first"
        raise InputError(f"no dataset {recipe.dataset} in domain {domain}", remedy=remedy)
    policy.channel(recipe.channel)
    _check_bases(store, head.validate_ref, recipe.train.family)
    # Nothing is made to replace a release that does not hold.
    state = judge(store, policy, recipe.model).must_hold()
    asked = _Asked(domain, recipe, policy.sha256, run, tuple(triggers))
    why = _why(store, head, asked, state)
    tries = release_tries(store, why)
    by_hand = any(trigger.kind == "manual" for trigger in triggers)
    if not by_hand and (_decided(store, why, state) or tries.recent()):
        return None
    tries.count(by_hand=by_hand)
    return why


def _check_bases(store: Store, validate: ManifestRef, family: str) -> None:
    """Refuse a dataset of robots that the family's models cannot command, before anything is trained on it."""
    manifest = read_manifest(store, validate)
    for name in ("splits/train.json", "splits/eval.json"):
        SplitDocument.from_json(store.read(manifest.artifact(name)), what=name).check_bases(family)


def release_tries(store: Store, why: ReleaseWhy) -> Tries:
    """Return the runs that were planned for this dataset and recipe and proposed nothing yet."""
    code = [code_digest(*runtime_of(stage, why.recipe, why.simulation).modules) for stage in RELEASE_STAGES]
    return Tries(store, why, [why.dataset.sha256, why.recipe_sha256, why.policy_sha256, *code])


@dataclass(frozen=True, slots=True)
class _Asked:
    """A release run that somebody or something asked for."""

    domain: str
    recipe: ReleaseRecipe
    policy_sha256: str
    run: str
    triggers: tuple[Trigger, ...]


def _why(store: Store, head: DatasetHead, asked: _Asked, state: ReleaseState) -> ReleaseWhy:
    validate = read_manifest(store, head.validate_ref)
    people = people_of(store, [head.validate_ref]) | {trigger.who for trigger in asked.triggers if trigger.who}
    dataset = Trigger(kind="dataset", who="", detail=f"dataset {head.seq} {head.content_digest[:12]}", at=head.at)
    return ReleaseWhy(
        run=asked.run,
        domain=asked.domain,
        triggers=(*asked.triggers, dataset),
        people=tuple(sorted(people)),
        pull_request="",
        dataset=head.validate_ref,
        simulation=_simulation(store, validate),
        recipe=asked.recipe,
        recipe_sha256=asked.recipe.sha256,
        policy_sha256=asked.policy_sha256,
        replaces=state.head.sha256 if state.head else "",
        live=_live(store, state, asked.recipe.channel),
        nonce=secrets.token_hex(8),
    )


def _simulation(store: Store, validate: Manifest) -> SimulationSpec:
    """Read how the dataset was simulated: any shard's spec without the fields of the shard and of its machine."""
    shard = next(link for link in validate.dependencies if link.name == "generate")
    simulation = read_manifest(store, shard.ref).part_of_spec(SimulationSpec)
    return simulation.model_copy(update={"environment": EnvironmentPins()})


def _live(store: Store, state: ReleaseState, channel: str) -> LiveBefore | None:
    live = state.live(channel)
    if live is None:
        return None
    export = read_manifest(store, live.evidence["export"])
    return LiveBefore(train=live.evidence["train"], export_content=export.content_digest)


def _decided(store: Store, why: ReleaseWhy, state: ReleaseState) -> bool:
    try:
        evaluated, exported = (the(store, slots_of(store, why, stage)[0]) for stage in ("evaluate", "export"))
    except NotReady:
        return False
    if any(_says_no(store, read_manifest(store, ref)) for ref in (evaluated, exported)):
        return True
    seen = observations(store, why.domain, read_manifest(store, exported).content_digest).values()
    waived = {waiver.manifest for waiver in state.state.waivers if waiver.channel == why.recipe.channel}
    said_no = (item for item in seen if isinstance(item, Manifest) and _says_no(store, item))
    if any(sha256_hex(item.to_json()) not in waived for item in said_no):
        return True
    return nothing_to_release(store, why) or _proposed(store, why, state, evaluated, exported)


def _says_no(store: Store, manifest: Manifest) -> bool:
    verdict = read_verdict(store, manifest)
    return verdict is not None and verdict.verdict == "FAIL"


def _proposed(
    store: Store, why: ReleaseWhy, state: ReleaseState, evaluated: ManifestRef, exported: ManifestRef
) -> bool:
    """Return whether the newest candidate has this very evidence: a doubled event makes no second candidate."""
    newest = candidates(store, why.recipe.model, why.recipe.channel).newest()
    if newest is None or newest.candidate.policy_sha256 != why.policy_sha256:
        return False
    evidence = newest.candidate.evidence
    same = evidence.get("evaluate") == evaluated and evidence.get("export") == exported
    return same and _answered_or_waiting(store, state, why, newest)


def _answered_or_waiting(store: Store, state: ReleaseState, why: ReleaseWhy, entry: CandidateEntry) -> bool:
    """Return whether a person decided about the candidate, or still can; others are proposed anew.

    Others are those that lapsed, were overtaken, or whose gate was ended by somebody who was not asked.
    """
    if any(item.digest == entry.digest and item.why.startswith(REJECTED) for item in state.state.quarantined):
        return True
    if state.was_live(why.recipe.channel, entry.digest):
        return True
    waits = entry.candidate.replaces == why.replaces and entry.candidate.expires_at > datetime.now(UTC)
    return waits and not gate_is_over(store, entry.digest)


def nothing_to_release(store: Store, why: ReleaseWhy) -> bool:
    """Return whether the run's engine is, byte for byte, the live one."""
    exported = find(store, slots_of(store, why, "export")[0])
    if exported is None:
        raise NotReady("export is not committed", remedy="it comes first")
    return why.live is not None and read_manifest(store, exported).content_digest == why.live.export_content
