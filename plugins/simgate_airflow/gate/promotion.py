"""Promotion: what a release run does with the answer, which it reads with an account that can only read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowSkipException

from simgate.core.errors import InputError
from simgate.core.storage.store import Store
from simgate.plan.record import ReleaseWhy
from simgate.release.approval import REJECT, GateRecord
from simgate.release.approvals import Approvals
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.judge import judge
from simgate.release.policy import Policy
from simgate.release.promote import promote as release
from simgate.release.settle import settle as settle_candidate
from simgate.release.undecided import note_undecided
from simgate_airflow.failure import failures_for_airflow
from simgate_airflow.gate.audit import AirflowRun
from simgate_airflow.gate.gate_end import undecided
from simgate_airflow.gate.question import own_candidate
from simgate_airflow.gate.recorded_gate import GATE_TASK, airflow_runs, read_gate, upstream_folders
from simgate_airflow.rest import Rest
from simgate_airflow.run.release_run import release_why
from simgate_airflow.run.run_record import airflow_run, why_of
from simgate_airflow.settings import settings
from simgate_airflow.stores import open_signer, open_store

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

ANEW = "the hourly run of release_model proposes it anew; start one by hand to be asked at once"


def promote(context: Context) -> dict[str, str]:
    """Make the newest candidate live if this run's gate says so; the ledger's new head."""
    store = open_store("ledger", settings().domain)
    with failures_for_airflow():
        why = release_why(store, context)
        entry = release(
            store, Policy.load(settings().policy_path), model=why.recipe.model, channel=why.recipe.channel,
            gate=gate_of(store, why, own_candidate(store, why)) or unasked(why),
            signer=open_signer("ledger", settings().domain), approvals=_approvals(),
        )  # fmt: skip
    log.info("ledger entry %s of %s: %s by %s", entry.seq, why.recipe.model, entry.action, entry.who)
    return {"ledger_entry": str(entry.seq), "ledger_head": entry.sha256}


def settle(context: Context) -> dict[str, str]:
    """Quarantine the run's candidate if it was rejected, refused or lapsed; skipped where there is nothing to settle.

    A gate that somebody set, cleared or deleted decides nothing: the task fails and says who it was.
    """
    store = open_store("ledger", settings().domain)
    with failures_for_airflow():
        why = why_of(store, context)
        entry = own_candidate(store, why) if isinstance(why, ReleaseWhy) else None
        if entry is None or not isinstance(why, ReleaseWhy):
            raise AirflowSkipException("this run proposed no candidate: nothing to settle")
        gate = gate_of(store, why, entry)
        if not _rejected(gate) and _superseded(store, why, entry):
            # It can never go live, and an entry would move the head under the candidate that waits now.
            raise AirflowSkipException("a newer candidate superseded this run's: nothing to settle")
        policy = Policy.load(settings().policy_path)
        end = undecided(gate or unasked(why), entry)
        if end and not _is_decided(store, policy, why, entry):
            note_undecided(_approvals(), entry, gate or unasked(why), end)
            raise InputError(
                f"candidate {entry.digest[:12]} is neither approved nor rejected, and is not quarantined: {end}",
                remedy=ANEW,
            )
        settled = settle_candidate(
            store, policy, model=why.recipe.model, channel=why.recipe.channel,
            candidate=entry.digest, gate=gate, signer=open_signer("ledger", settings().domain),
            approvals=_approvals(),
        )  # fmt: skip
    if settled is None:
        raise AirflowSkipException("the candidate is live, or still waits: nothing to settle")
    log.info("ledger entry %s of %s: %s, %s", settled.seq, why.recipe.model, settled.action, settled.why)
    return {"ledger_entry": str(settled.seq), "ledger_head": settled.sha256}


def _approvals() -> Approvals:
    """Open the answers under an account of their own: who holds the ledger's key cannot invent one."""
    return Approvals(open_store("approval", settings().domain), open_signer("approval", settings().domain))


def _rejected(gate: GateRecord | None) -> bool:
    return gate is not None and gate.response_received and REJECT in gate.chosen_options


def _is_decided(store: Store, policy: Policy, why: ReleaseWhy, entry: CandidateEntry) -> bool:
    """Return whether the candidate was live or is quarantined; later events at its gate change neither."""
    state = judge(store, policy, why.recipe.model).must_hold()
    return state.was_live(why.recipe.channel, entry.digest) or state.is_quarantined(entry.digest)


def _superseded(store: Store, why: ReleaseWhy, entry: CandidateEntry) -> bool:
    newest = candidates(store, why.recipe.model, why.recipe.channel).newest()
    return newest is not None and newest.digest != entry.digest


def gate_of(store: Store, why: ReleaseWhy, entry: CandidateEntry | None) -> GateRecord | None:
    """Return the run's gate as Airflow has it, with the audit log of every run that the candidate stands on."""
    run = airflow_run(why.run)
    if run is None:
        return None
    folders = upstream_folders(store, entry) if entry is not None else ()
    return read_gate(Rest.of(settings()), AirflowRun(*run), airflow_runs(store, folders))


def unasked(why: ReleaseWhy) -> GateRecord:
    """Return the gate of a run that never asked: it has no response, and the refusal says so."""
    dag_id, run_id = airflow_run(why.run) or ("", why.run)
    return GateRecord(
        dag_id=dag_id, run_id=run_id, task_id=GATE_TASK, try_number=0, try_started_at=None, task_state="none",
        subject="", response_received=False, chosen_options=(), responder_id="", responder_name="", reason="",
        responded_at=None, assigned_ids=(), all_admins=False, run_started_by=(), touched_by=(),
    )  # fmt: skip
