"""Rest: the one client of Airflow's public API: one type that reads, and one on top of it that gives orders too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

import httpx

from simgate.core.errors import NotFound, SimgateError
from simgate_airflow.settings import Settings

Query = str | int | Sequence[str]
PAGE = 100
TRIES = 4
TIMEOUT_S = 30.0


class Rest:
    """GETs of Airflow's public API under one account's token; it cannot change anything."""

    def __init__(
        self, url: str, account: str, password: Callable[[], str], transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url, self.account = url, account
        self._password = password
        self._token = ""
        # No proxy from the environment: the answer must come from this deployment's own Airflow. No connection is kept:
        # a server that was started again is met by a new one.
        self._client = httpx.Client(
            base_url=url, timeout=TIMEOUT_S, trust_env=False, transport=transport,
            limits=httpx.Limits(max_keepalive_connections=0),
        )  # fmt: skip

    @classmethod
    def of(cls, wired: Settings, transport: httpx.BaseTransport | None = None) -> Self:
        """Return the promoter's view of this deployment's Airflow."""
        return cls(wired.api_url, wired.promoter, lambda: _promoter_password(wired), transport)

    def get(self, path: str, **query: Query) -> Any:
        """Return the JSON under `/api/v2/<path>`; NotFound for 404."""
        answer = self._checked(self._retried(lambda: self._once("GET", path, query, None)))
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

    def token(self) -> str:
        """Return the account's token; it logs in where there is none."""
        if (refusal := self._log_in()) is not None:
            raise SimgateError(f"Airflow refuses the account {self.account}", actual=refusal.status_code)
        return self._token

    def _once(self, method: str, path: str, query: Mapping[str, Query], body: Any) -> httpx.Response:
        if (refusal := self._log_in()) is not None:
            return refusal
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self._client.request(method, f"/api/v2/{path}", params=dict(query), json=body, headers=headers)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._token = ""
        return answer

    def _log_in(self) -> httpx.Response | None:
        """Get a token where there is none; return the answer that brought none."""
        if self._token:
            return None
        answer = self._client.post("/auth/token", json={"username": self.account, "password": self._password()})
        if answer.status_code != httpx.codes.CREATED:
            return answer
        self._token = answer.json()["access_token"]
        return None

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if not self._token:
            raise SimgateError(f"Airflow refuses the account {self.account}", actual=answer.status_code)
        return answer

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
        raise SimgateError(f"Airflow's API at {self.url} does not answer", actual=problem)


class Writer(Rest):
    """An account that may also give orders. Each is given once: one that is repeated may be carried out twice."""

    def ask(self, method: str, path: str, body: Any = None, **query: Query) -> httpx.Response:
        """Send one request, once; return the answer of any status. A refused login is an error, not that answer."""
        refusal = self._log_in()
        if refusal is not None and not refusal.is_server_error:
            raise SimgateError(f"Airflow refuses the account {self.account}", actual=refusal.status_code)
        return self._once(method, path, query, body)

    def order(self, method: str, path: str, body: Any) -> Any:
        """Send a POST or a PATCH, once; return its JSON."""
        try:
            answer = self._checked(self.ask(method, path, body))
        except httpx.TransportError as error:
            raise SimgateError(f"Airflow's API does not answer {path}: {error!r}") from error
        if not answer.is_success:
            raise SimgateError(f"Airflow refused {method} {path}", actual=f"{answer.status_code} {answer.text[:300]}")
        return answer.json()


def _promoter_password(wired: Settings) -> str:
    try:
        return wired.promoter_password_path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SimgateError(
            f"cannot read the password of {wired.promoter}: {error}", remedy="set SIMGATE_PROMOTER_PASSWORD_FILE"
        ) from error


def run_path(dag_id: str, run_id: str) -> str:
    """Return the path of a DAG run."""
    return f"dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"
