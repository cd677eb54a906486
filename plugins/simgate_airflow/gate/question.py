"""Question: what the gate asks, of whom and for how long, from the store and the policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from simgate.core.errors import InputError
from simgate.core.storage.store import Store
from simgate.plan.record import ReleaseWhy, record_folder
from simgate.release.approval import subject_of
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.policy import Policy
from simgate_airflow.failure import failures_for_airflow
from simgate_airflow.gate.evidence_page import body
from simgate_airflow.run.release_run import release_why
from simgate_airflow.run.run_record import domain_of
from simgate_airflow.settings import settings
from simgate_airflow.stores import open_store

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.execution_time.hitl import HITLUser


@dataclass(frozen=True, slots=True)
class Question:
    """The question of one gate."""

    subject: str
    """Names the candidate's digest in full: that is what an answer is about."""
    body: str
    assigned_users: list[HITLUser]
    patience: timedelta
    """Until the candidate lapses."""


def question(context: Context) -> Question:
    """Build the question about this run's candidate."""
    store = open_store("reader", domain_of(context))
    with failures_for_airflow():
        why = release_why(store, context)
        entry = waiting_candidate(store, why)
        policy = Policy.load(settings().policy_path)
        candidate = entry.candidate
        return Question(
            subject=subject_of(entry),
            body=body(store, entry, policy),
            assigned_users=assigned_users(policy, candidate.channel),
            patience=candidate.expires_at - datetime.now(UTC),
        )


def assigned_users(policy: Policy, channel: str) -> list[HITLUser]:
    """Return Airflow accounts that may answer; a program's only where the channel allows one."""
    rules = policy.channel(channel)
    people = [person for person in policy.people if person.name in rules.approvers]
    counted = [person for person in people if rules.allow_automatic or not person.automatic]
    users: list[HITLUser] = [
        {"id": account, "name": person.name} for person in counted for account in person.airflow_ids
    ]
    if not users:
        raise InputError(
            f"nobody may answer for channel {channel}", remedy="give an approver an Airflow id in the policy"
        )
    return users


def own_candidate(store: Store, why: ReleaseWhy) -> CandidateEntry | None:
    """Return the candidate that this run proposed, or None."""
    folder = record_folder(why.domain, why.run)
    every = candidates(store, why.recipe.model, why.recipe.channel).all()
    return next((entry for entry in every if entry.candidate.run_record == folder), None)


def waiting_candidate(store: Store, why: ReleaseWhy) -> CandidateEntry:
    """Return the run's candidate, still the newest and not lapsed."""
    entry = own_candidate(store, why)
    if entry is None:
        raise InputError("this run has no candidate", remedy="its task `propose` makes it")
    newest = candidates(store, why.recipe.model, why.recipe.channel).newest()
    if newest is not None and newest.digest != entry.digest:
        raise InputError(f"candidate {entry.digest} is superseded", actual=f"the newest is {newest.digest}")
    if entry.candidate.expires_at <= datetime.now(UTC):
        raise InputError(f"candidate {entry.digest} lapsed at {entry.candidate.expires_at}", remedy="start a new run")
    return entry
