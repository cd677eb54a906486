"""App: the routes. Every one asks Airflow who is there and whether they may read the DAG; none is public.

All are plain functions, which Starlette runs in threads: the store is read while Airflow's event loop goes on.
"""

from __future__ import annotations

from urllib.parse import quote

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.models.dagrun import DagRun
from fastapi import FastAPI, Request
from sqlalchemy import select
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from simgate.core.errors import InputError, NotFound, SimgateError
from simgate_airflow.run.run_record import PULL_REQUEST
from simgate_airflow.settings import settings
from simgate_airflow.ui import page
from simgate_airflow.ui.access import READS_RUNS, READS_TASKS, ReadAttempt, ReadCandidate
from simgate_airflow.ui.address import PREFIX
from simgate_airflow.ui.candidate_page import candidate_page
from simgate_airflow.ui.kept_file import kept_file
from simgate_airflow.ui.report_page import report_page
from simgate_airflow.ui.run_page import run_page
from simgate_airflow.ui.task_page import task_page

FROM_A_REPORT = "This was opened from inside a report, which has no login. Open the report in a window of its own."


def make_app() -> FastAPI:
    """Return the app that the plugin mounts."""
    app = FastAPI(title="simgate", openapi_url=None, docs_url=None, redoc_url=None)
    app.get("/run/{dag_id}/{run_id}", dependencies=[READS_RUNS])(_run)
    app.get("/task/{dag_id}/{run_id}/{task_id}/{map_index}", dependencies=[READS_TASKS])(_task)
    app.get("/report/{domain}/{stage}/{run_key}/{attempt}")(_report)
    app.get("/file/{domain}/{stage}/{run_key}/{attempt}/{name:path}")(_file)
    app.get("/candidate/{model}/{channel}/{digest}")(_candidate)
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(SimgateError)(_failed)
    return app


def _run(dag_id: str, run_id: str, session: SessionDep) -> Response:
    return run_page(_domain(session, dag_id, run_id), dag_id, run_id)


def _task(dag_id: str, run_id: str, task_id: str, map_index: str, session: SessionDep) -> Response:
    # Airflow leaves its placeholder as it is where a task is not mapped.
    number = int(map_index) if map_index.isdecimal() and len(map_index) < 7 else -1
    return task_page(_domain(session, dag_id, run_id), dag_id, run_id, task_id, number)


def _report(attempt: ReadAttempt) -> Response:
    return report_page(attempt)


def _file(attempt: ReadAttempt, name: str) -> Response:
    return kept_file(attempt, name)


def _candidate(candidate: ReadCandidate) -> Response:
    return candidate_page(candidate)


def _domain(session: SessionDep, dag_id: str, run_id: str) -> str:
    """Return the trust domain of a DAG run, as its conf says; its plan must say the same, or is not found."""
    conf = session.scalar(select(DagRun.conf).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
    asked = conf.get(PULL_REQUEST) if isinstance(conf, dict) else None
    return f"pr-{asked}" if type(asked) is int else settings().domain


def _refused(request: Request, error: HTTPException) -> Response:
    """Send a window without a login to Airflow's login page; answer every other refusal with a page of words."""
    if error.status_code != 401:
        answer = page.page("Not shown", [page.words(str(error.detail))], status=error.status_code)
        answer.headers.update(error.headers or {})
        return answer
    if request.headers.get("sec-fetch-dest", "document") != "document":
        return page.page("Not shown", [page.words(FROM_A_REPORT)], status=401)
    root = str(request.scope.get("root_path", "")).removesuffix(PREFIX)
    return RedirectResponse(f"{root}/api/v2/auth/login?next={quote(request.url.path, safe='')}", status_code=302)


def _failed(_request: Request, error: SimgateError) -> Response:
    status = 404 if isinstance(error, NotFound | InputError) else 502
    return page.page("Not shown", [page.words(str(error))], status=status)
