"""Propose: the run's evidence becomes a candidate."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError, Refused
from simgate.core.identity.signature import Signer
from simgate.core.runtime.job import MAIN
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.plan.jobs import RELEASE_STAGES, slots_of, the
from simgate.plan.record import ReleaseWhy, record_folder
from simgate.plan.release import release_tries
from simgate.release.authors import authors
from simgate.release.candidate import Candidate, CandidateEntry, candidates
from simgate.release.evidence import observed
from simgate.release.judge import judge
from simgate.release.policy import Policy, Role
from simgate.release.signatures import evidence_checks, signer_problems
from simgate.rows.evidence import role_of


def propose(store: Store, why: ReleaseWhy, policy: Policy, signer: Signer | None = None) -> CandidateEntry:
    """Append the run's candidate, signed where the planner has a key; a retry gets the entry that is there."""
    if why.domain != "main":
        raise InputError("a pull request proposes nothing", actual=why.domain, expected="main")
    if policy.sha256 != why.policy_sha256:
        raise InputError(
            "the policy changed during the run", actual=policy.sha256, expected=why.policy_sha256, remedy="run again"
        )
    recipe = why.recipe
    runs = [slot for stage in RELEASE_STAGES for slot in slots_of(store, why, stage)]
    found = {role_of(slot.name.stage, slot.name.subject): the(store, slot) for slot in runs}
    evidence: dict[Role, ManifestRef] = {role_of("validate"): why.dataset, **found}
    folder = record_folder(why.domain, why.run)
    engine = read_manifest(store, found["export"]).content_digest
    judge(store, policy, recipe.model).must_hold()
    rules = policy.channel(recipe.channel)
    candidate = Candidate(
        model=recipe.model,
        channel=recipe.channel,
        engine=engine,
        evidence=evidence,
        policy_sha256=why.policy_sha256,
        replaces=why.replaces,
        expires_at=datetime.now(UTC) + rules.candidate_ttl,
        nonce=secrets.token_hex(16),
        run_record=folder,
        authors=tuple(sorted(authors(store, evidence.values(), folder))),
        observations=observed(store, MAIN, engine),
    )
    if rules.signed:
        _check_signed(store, candidate, policy, signer)
    release_tries(store, why).clear()
    return candidates(store, recipe.model, recipe.channel, signer).add(candidate)


def _check_signed(store: Store, candidate: Candidate, policy: Policy, signer: Signer | None) -> None:
    # Promotion would refuse it too, but only after a person was asked.
    checks = evidence_checks(store, candidate.evidence, candidate.engine, policy.keys)
    problems = [
        *signer_problems(signer, "planner", policy.keys),
        *(check.problem for check in checks if check.problem),
    ]
    if problems:
        raise Refused(f"channel {candidate.channel} wants signatures: " + "; ".join(problems))
