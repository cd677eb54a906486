"""Deployment: the demo's Airflow, started, found again and stopped."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from examples.demo.terminal.site import Site
from simgate_airflow.local.standalone import ACCOUNTS, LocalAirflow, find, start

APPROVER = "release-manager"
RESPONDER = "demo-responder"
ENGINEER = "engineer"
WORKERS = 2
"""Shards made at once: this demo is made for two cores."""
CHOSEN = ("SIMGATE_PYTHON", "SIMGATE_POLL_S")
"""Settings that whoever starts the demo may choose: the interpreter of the stages, how often the watcher looks."""


def running(site: Site) -> LocalAirflow | None:
    """Return the demo's Airflow if it runs."""
    return find(site.airflow_home)


def launch(site: Site, say: Callable[[str], None]) -> LocalAirflow:
    """Start Airflow on the demo's folders and wait until it is healthy."""
    return start(
        site.airflow_home, dags=site.checkout / "dags", plugins=site.checkout / "plugins",
        environment=environment(site), accounts={**ACCOUNTS, RESPONDER: "user"}, progress=say,
    )  # fmt: skip


def environment(site: Site) -> dict[str, str]:
    """Return the environment variables of the demo's Airflow; none of them changes a result."""
    kernels = os.environ.get("WARP_CACHE_PATH") or str(Path.home() / ".cache" / "simgate" / "warp")
    chosen = {name: os.environ[name] for name in CHOSEN if name in os.environ}
    return {
        **chosen,
        "SIMGATE_STORE": str(site.store), "SIMGATE_POLICY": str(site.policy), "SIMGATE_MAX_BATCHES": str(WORKERS),
        "SIMGATE_RECIPES": str(site.recipes),
        "MLFLOW_TRACKING_URI": site.mlflow_uri, "WARP_CACHE_PATH": kernels,
    }  # fmt: skip


def forget(site: Site) -> None:
    """Delete Airflow's database, so that runs that were cut short do not block new ones. The store stays."""
    shutil.rmtree(site.airflow_home, ignore_errors=True)


def stop(airflow: LocalAirflow) -> None:
    """Stop it and all that it started; a second Ctrl-C does not leave half of it behind."""
    with _deaf():
        airflow.stop()


@contextmanager
def _deaf() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
