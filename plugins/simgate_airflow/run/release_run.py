"""Release run: what the tasks of release_model decide before the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowSkipException

from simgate.core.errors import InputError
from simgate.core.runtime.job import MAIN
from simgate.core.storage.store import Store
from simgate.plan import record, release
from simgate.plan.propose import propose
from simgate.release.policy import Policy
from simgate.specs.recipe import ReleaseRecipe
from simgate_airflow.failure import failures_for_airflow
from simgate_airflow.run.recipes import check_recipe_of
from simgate_airflow.run.run_record import domain_of, folder_of, run_of, why_of
from simgate_airflow.run.trigger_chain import triggers_of
from simgate_airflow.settings import settings
from simgate_airflow.stores import open_signer, open_store

if TYPE_CHECKING:
    from airflow.sdk import Context


def plan(context: Context) -> str:
    """Write why.json, or skip the run where no new dataset waits."""
    with failures_for_airflow():
        store = _store(context)
        if why_of(store, context) is not None:
            return folder_of(context)
        recipe = ReleaseRecipe.from_value(context["params"]["recipe"], what="params.recipe")
        check_recipe_of(context["dag_run"].dag_id, recipe)
        why = release.plan_release(
            store, domain=MAIN, recipe=recipe, policy=Policy.load(settings().policy_path),
            run=run_of(context), triggers=triggers_of(context),
        )  # fmt: skip
        if why is None:
            raise AirflowSkipException("the newest candidate is made of this dataset already: nothing to do")
        return record.write_why(store, why)


def compare(context: Context) -> str:
    """Skip the rest of the run where the engine is, byte for byte, the live one."""
    with failures_for_airflow():
        store = _store(context)
        same = release.nothing_to_release(store, release_why(store, context))
    if same:
        raise AirflowSkipException("the engine is byte for byte the live one: nothing to release")
    return "the engine is new"


def propose_candidate(context: Context) -> str:
    """Append the run's candidate and return its digest, which the gate asks about."""
    with failures_for_airflow():
        store = _store(context)
        policy, signer = Policy.load(settings().policy_path), open_signer("planner", MAIN)
        return propose(store, release_why(store, context), policy, signer).digest


def release_why(store: Store, context: Context) -> record.ReleaseWhy:
    """Return the release run's why.json; refused in every domain but main."""
    _require_main(context)
    why = why_of(store, context)
    if not isinstance(why, record.ReleaseWhy):
        raise InputError("this run has no release plan", remedy="its first task, `plan`, writes it")
    return why


def _store(context: Context) -> Store:
    _require_main(context)
    return open_store("planner", MAIN)


def _require_main(context: Context) -> None:
    # Whatever a pull request's run is told to do by hand, task by task: nothing of it leads to the ledger.
    if (domain := domain_of(context)) != MAIN:
        raise InputError("only main's dataset is released", actual=domain, expected=MAIN, remedy="merge it")
