"""Mount: where Airflow finds the pages. Loaded by every component; the app itself by the API server, when asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

from simgate_airflow.ui.address import PREFIX

Message = MutableMapping[str, Any]


class Pages:
    """An ASGI app that is built at its first request: schedulers and workers load the plugin and serve no page."""

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Answer one request."""
        await _app()(scope, receive, send)


@cache
def _app() -> Any:
    from simgate_airflow.ui.app import make_app

    return make_app()


def apps() -> list[dict[str, Any]]:
    """Return the apps that Airflow mounts."""
    return [{"app": Pages(), "url_prefix": PREFIX, "name": "simgate"}]


def tabs() -> list[dict[str, str]]:
    """Return a tab of each run and of each task; Airflow fills in the names in braces, percent-encoded."""
    from simgate_airflow.ui.address import base_url, path_of

    root = f"{path_of(base_url())}{PREFIX}"
    return [
        {
            "name": "Report", "href": f"{root}/run/{{DAG_ID}}/{{RUN_ID}}", "destination": "dag_run",
            "url_route": "simgate-run",
        },
        {
            "name": "Report", "href": f"{root}/task/{{DAG_ID}}/{{RUN_ID}}/{{TASK_ID}}/{{MAP_INDEX}}",
            "destination": "task_instance", "url_route": "simgate-task",
        },
    ]  # fmt: skip
