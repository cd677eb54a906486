"""Settings: how this deployment is wired, from SIMGATE_* alone; nothing here may change a result."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from simgate.core.errors import InputError
from simgate.rows.places import PLACES

STAGE_ENVIRONMENT = (
    "PATH",
    "PYTHONPATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "WARP_CACHE_PATH",
    "MLFLOW_TRACKING_URI",
    "SIMGATE_IMAGE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
)
"""Names that a stage process inherits; everything else, Airflow's secrets first, stays out."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one deployment."""

    store_url: str
    """SIMGATE_STORE: folder or s3://bucket/prefix."""
    domain: str
    """SIMGATE_DOMAIN: trust domain, `main` or `pr-<n>`."""
    policy_path: Path
    """SIMGATE_POLICY: the release policy."""
    recipes_path: Path
    """SIMGATE_RECIPES: the folder of recipes; Airflow shows one DAG a recipe."""
    poll_interval_s: float
    """SIMGATE_POLL_S: how often the scenes watcher looks."""
    max_batches: int
    """SIMGATE_MAX_BATCHES: mapped tasks of one stage, at most 64."""
    python: str
    """SIMGATE_PYTHON: the interpreter that runs stages here."""
    stage_environment: tuple[str, ...]
    """SIMGATE_STAGE_ENV adds names to the allow-list, separated by commas."""
    grace_s: float
    """SIMGATE_GRACE_S: from SIGTERM to SIGKILL of a stage; Airflow itself kills a task after 5 s."""
    place: str
    """SIMGATE_PLACE: where stages run: `local` (on the worker) or `pod`."""
    keys_path: Path | None
    """SIMGATE_KEYS: a folder with one folder a role (`planner-main`, `ledger`, …: rows/roles.py), each with the
    role's store.json and signing.pem; unset on the embedded default, where everything runs as the operator."""
    pods_path: Path | None
    """SIMGATE_PODS: the file that says how stages run as pods (images, resources, nodes); needed for place `pod`."""
    api_url: str
    """SIMGATE_AIRFLOW_URL: Airflow's REST API, as the promoter reaches it."""
    promoter: str
    """SIMGATE_PROMOTER: the read-only account that reads approvals."""
    promoter_password_path: Path
    """SIMGATE_PROMOTER_PASSWORD_FILE: a file with that account's password and nothing else."""
    ledger_pod: str = ""
    """SIMGATE_LEDGER_POD: with KubernetesExecutor, the template of the workers that hold the ledger's keys."""


@cache
def settings() -> Settings:
    """Return this process's settings, read once."""
    return read_settings(os.environ)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings from an environment; an error names the variable of a wrong value."""
    extra = (name.strip() for name in environment.get("SIMGATE_STAGE_ENV", "").split(","))
    return Settings(
        store_url=environment.get("SIMGATE_STORE", str(Path.cwd() / ".simgate" / "store")),
        domain=environment.get("SIMGATE_DOMAIN", "main"),
        policy_path=Path(environment.get("SIMGATE_POLICY", "policy.yaml")),
        recipes_path=Path(environment.get("SIMGATE_RECIPES", "recipes")),
        poll_interval_s=_number(environment, "SIMGATE_POLL_S", 1.0, 0.1, 3600),
        max_batches=int(_number(environment, "SIMGATE_MAX_BATCHES", 64, 1, 64)),
        python=environment.get("SIMGATE_PYTHON", sys.executable),
        stage_environment=(*STAGE_ENVIRONMENT, *filter(None, extra)),
        grace_s=_number(environment, "SIMGATE_GRACE_S", 3.0, 0.1, 600),
        place=_one_of(environment, "SIMGATE_PLACE", PLACES.names()),
        keys_path=_path(environment, "SIMGATE_KEYS"),
        pods_path=_path(environment, "SIMGATE_PODS"),
        api_url=environment.get("SIMGATE_AIRFLOW_URL", "http://127.0.0.1:8080").rstrip("/"),
        promoter=environment.get("SIMGATE_PROMOTER", "promoter"),
        promoter_password_path=Path(environment.get("SIMGATE_PROMOTER_PASSWORD_FILE", "promoter.password")),
        ledger_pod=environment.get("SIMGATE_LEDGER_POD", ""),
    )


def _number(environment: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = environment.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise InputError(f"setting {name} is out of range", actual=text, expected=f"{low:g} to {high:g}")
    return value


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]) if environment.get(name) else None


def _one_of(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = environment.get(name, choices[0])
    if value not in choices:
        raise InputError(f"setting {name} is unknown", actual=value, expected=" | ".join(choices))
    return value
