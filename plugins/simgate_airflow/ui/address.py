"""Address: where a report, a run or a candidate is read inside Airflow.

Complete where `[api] base_url` says how people reach Airflow, which the terminal and the log need; without it the path
alone, which a browser completes on Airflow's own pages.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

PREFIX = "/simgate"
"""Path of the plugin's pages. Below it:

run/<dag>/<run>                              a DAG run: its stages, verdicts, figures, reports
task/<dag>/<run>/<task>/<map index>          a task: what it made, reused, or how it failed
report/<domain>/<stage>/<key>/<attempt>      one attempt at a stage
file/<domain>/<stage>/<key>/<attempt>/<name> one file of it, as it lies in the store
candidate/<model>/<channel>/<digest>         the evidence of a candidate
"""


def report_url(manifest_uri: str) -> str:
    """Return the address of a run's report, from `runs/<domain>/<stage>/<key>/<attempt>/manifest.json`."""
    return _address("report", *_attempt(manifest_uri))


def file_url(manifest_uri: str, name: str) -> str:
    """Return the address of one file beside a manifest."""
    return _address("file", *_attempt(manifest_uri), *name.split("/"))


def run_url(dag_id: str, run_id: str, *, base: str | None = None) -> str:
    """Return the address of a DAG run's reports; `base` is Airflow's address, for callers outside of it."""
    return _address("run", dag_id, run_id, base=base)


def task_url(dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> str:
    """Return the address of a task's reports; -1 stands for a task that is not mapped."""
    return _address("task", dag_id, run_id, task_id, str(map_index))


def candidate_url(model: str, channel: str, digest: str, *, base: str | None = None) -> str:
    """Return the address of a candidate's evidence; `base` as in `run_url`."""
    return _address("candidate", model, channel, digest, base=base)


def path_of(url: str) -> str:
    """Return the address without Airflow's host: pages link to each other by any name that the browser uses."""
    return urlsplit(url).path


def base_url() -> str:
    """Return the address by which people reach Airflow; empty where the deployment names none."""
    from airflow.sdk.configuration import conf

    return str(conf.get("api", "base_url", fallback="") or "").rstrip("/")


def _address(*parts: str, base: str | None = None) -> str:
    start = base_url() if base is None else base.rstrip("/")
    return "/".join((f"{start}{PREFIX}", *(quote(part, safe="") for part in parts)))


def _attempt(manifest_uri: str) -> list[str]:
    return manifest_uri.split("/")[1:-1]
