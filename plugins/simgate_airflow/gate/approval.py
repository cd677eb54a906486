"""Approval: the one gate of a release run, asked once, about one candidate, of the people whom the policy names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

if TYPE_CHECKING:
    from airflow.sdk import Context

ASKED = "A Reject needs your reason in place of this text. It is kept in the ledger, beside your name."
"""Airflow's form is valid or not for both buttons at once: a field that only Reject requires cannot be had."""


class ReleaseApproval(ApprovalOperator):
    """Asks about the run's own candidate, as the store has it; a reject fails the run.

    It asks once a run: Airflow would show a cleared gate with its old question, and right after the clear with its old
    answer, so a second try fails instead.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "subject": "Release", "fail_on_reject": True, "retries": 0})

    def execute(self, context: Context) -> Any:
        """Ask, and wait in the state awaiting_input until the candidate lapses."""
        from airflow.sdk.definitions.param import Param, ParamsDict

        from simgate_airflow.gate.question import question
        from simgate_airflow.gate.recorded_gate import MAX_REASON_CHARACTERS, REASON, UNTOUCHED

        if context["ti"].try_number > 1:
            raise AirflowFailException("a gate is asked once a run, and this one was cleared: start a new run")
        asked = question(context)
        self.subject, self.body = asked.subject, asked.body
        self.assigned_users, self.response_timeout = asked.assigned_users, asked.patience
        # Set here and not in the DAG: there, the conf of whoever started the run could fill the form in.
        form = Param(
            UNTOUCHED, ASKED, type="string", title="Reason", format="multiline", maxLength=MAX_REASON_CHARACTERS
        )
        self.params = ParamsDict({REASON: form})
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Let an approval pass; a reject fails the task, and its log ends with who rejected, and why."""
        try:
            return super().execute_complete(context=context, event=event)
        except HITLRejectException:
            said = self._rejected(context, event)
        # Airflow logs every other exception with its traceback, and this one as a line; nothing retries a gate.
        raise SystemExit(said)

    def _rejected(self, context: Context, event: dict[str, Any]) -> str:
        from simgate_airflow.gate.markdown import visible
        from simgate_airflow.gate.recorded_gate import reason_of
        from simgate_airflow.ui.address import task_url

        run = context["ti"]
        who = (event["responded_by_user"] or {}).get("name") or "somebody"
        said = visible(f"Rejected by {who}: {' '.join(reason_of(event).split())}")
        page = task_url(run.dag_id, run.run_id, run.task_id)
        return f"{said}; settle quarantines the candidate; what is live stays live: {page}"
