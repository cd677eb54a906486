"""Rest: Airflow as an account that can only read sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from simgate.core.errors import NotFound, SimgateError
from simgate_airflow.settings import Settings

Query = str | int | Sequence[str]
PAGE = 100
TRIES = 4


class Rest:
    """GETs of Airflow's public API under one account's token."""

    def __init__(self, wired: Settings, transport: httpx.BaseTransport | None = None) -> None:
        # No proxy from the environment: the answer must come from this deployment's own Airflow.
        self._client = httpx.Client(base_url=wired.api_url, timeout=30.0, trust_env=False, transport=transport)
        self._wired = wired
        self._token = ""

    def get(self, path: str, **query: Query) -> Any:
        """Return the JSON under `/api/v2/<path>`; NotFound for 404."""
        answer = self._send(f"/api/v2/{path}", query)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFound(f"Airflow has no {path}")
        if answer.status_code != httpx.codes.OK:
            raise SimgateError(f"Airflow did not answer {path}", actual=f"{answer.status_code} {answer.text[:300]}")
        return answer.json()

    def pages(self, path: str, name: str, **query: Query) -> Iterator[dict[str, Any]]:
        """Yield every item of a listing, page by page."""
        offset = 0
        while True:
            page = self.get(path, limit=PAGE, offset=offset, **query)
            yield from page[name]
            offset += PAGE
            if offset >= page["total_entries"]:
                return

    def everybody_is_admin(self) -> bool:
        """Return whether Airflow gives an admin's token to anybody (`simple_auth_manager_all_admins`)."""
        return self._retried(lambda: self._client.get("/auth/token")).status_code == httpx.codes.CREATED

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _send(self, path: str, query: Mapping[str, Query]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._login()}"}
        return self._retried(lambda: self._client.get(path, params=dict(query), headers=headers))

    def _login(self) -> str:
        if not self._token:
            try:
                password = self._wired.promoter_password_path.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SimgateError(
                    f"cannot read the password of {self._wired.promoter}: {error}",
                    remedy="set SIMGATE_PROMOTER_PASSWORD_FILE",
                ) from error
            body = {"username": self._wired.promoter, "password": password}
            answer = self._retried(lambda: self._client.post("/auth/token", json=body))
            if answer.status_code != httpx.codes.CREATED:
                raise SimgateError(f"Airflow refuses the account {self._wired.promoter}", actual=answer.status_code)
            self._token = answer.json()["access_token"]
        return self._token

    def _retried(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        for number in range(1, TRIES + 1):
            try:
                answer = send()
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    return answer
                problem = f"{answer.status_code} {answer.text[:200]}"
            except httpx.TransportError as error:
                problem = repr(error)
            time.sleep(0.5 * number)
        raise SimgateError(f"Airflow's API at {self._wired.api_url} does not answer", actual=problem)


def run_path(dag_id: str, run_id: str) -> str:
    """Return the path of a DAG run."""
    return f"dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"
