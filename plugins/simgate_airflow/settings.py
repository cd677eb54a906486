"""Settings: how this deployment is wired, from SIMGATE_* alone; nothing here may change a result."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

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
    "SIMGATE_SCENE_MEMORY_GIB",
    "SIMGATE_SCENE_DEADLINE_S",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
)
"""Names that a stage process inherits; everything else, Airflow's secrets first, stays out."""


def _split(names: str) -> tuple[str, ...]:
    return (*STAGE_ENVIRONMENT, *filter(None, (name.strip() for name in names.split(","))))


def _place(name: str) -> str:
    if name not in PLACES.names():
        raise InputError("setting SIMGATE_PLACE is unknown", actual=name, expected=" | ".join(PLACES.names()))
    return name


PathOrUnset = Annotated[Path | None, BeforeValidator(lambda text: text or None)]


class Settings(BaseModel):
    """One deployment; each field's alias is its variable. docs/operations.md lists them, and a test compares."""

    model_config = ConfigDict(frozen=True)

    store_url: str = Field(alias="SIMGATE_STORE", default_factory=lambda: str(Path.cwd() / ".simgate" / "store"))
    """Folder or s3://bucket/prefix."""
    domain: str = Field("main", alias="SIMGATE_DOMAIN")
    """Trust domain, `main` or `pr-<n>`."""
    policy_path: Path = Field(Path("policy.yaml"), alias="SIMGATE_POLICY")
    """The release policy."""
    recipes_path: Path = Field(Path("recipes"), alias="SIMGATE_RECIPES")
    """The folder of recipes; Airflow shows one DAG a recipe."""
    poll_interval_s: float = Field(1.0, alias="SIMGATE_POLL_S", ge=0.1, le=3600)
    """Seconds between two looks of the scenes watcher."""
    max_batches: int = Field(64, alias="SIMGATE_MAX_BATCHES", ge=1, le=64)
    """Mapped tasks of one stage."""
    python: str = Field(sys.executable, alias="SIMGATE_PYTHON")
    """The interpreter that runs stages here."""
    stage_environment: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        STAGE_ENVIRONMENT, alias="SIMGATE_STAGE_ENV"
    )
    """Names that a stage process inherits: the allow-list, and what the variable adds, separated by commas."""
    grace_s: float = Field(3.0, alias="SIMGATE_GRACE_S", ge=0.1, le=600)
    """From SIGTERM to SIGKILL of a stage; Airflow itself kills a task after 5 s."""
    place: Annotated[str, AfterValidator(_place)] = Field("local", alias="SIMGATE_PLACE")
    """Place of the stages: `local` (on the worker), `pod`, or another row."""
    keys_path: PathOrUnset = Field(None, alias="SIMGATE_KEYS")
    """A folder with one folder a role (`planner-main`, `ledger`, …: rows/roles.py), each with the role's store.json
    and signing.pem; unset on the embedded default, where everything runs as the operator."""
    pods_path: PathOrUnset = Field(None, alias="SIMGATE_PODS")
    """The file that says how stages run as pods (images, resources, nodes); needed for place `pod`."""
    api_url: Annotated[str, AfterValidator(lambda url: url.rstrip("/"))] = Field(
        "http://127.0.0.1:8080", alias="SIMGATE_AIRFLOW_URL"
    )
    """Airflow's REST API, as the promoter reaches it."""
    promoter: str = Field("promoter", alias="SIMGATE_PROMOTER")
    """The read-only account that reads approvals."""
    promoter_password_path: Path = Field(Path("promoter.password"), alias="SIMGATE_PROMOTER_PASSWORD_FILE")
    """A file with that account's password and nothing else."""
    ledger_pod: str = Field("", alias="SIMGATE_LEDGER_POD")
    """With KubernetesExecutor, the template of the workers that hold the ledger's keys."""


@cache
def settings() -> Settings:
    """Return this process's settings, read once."""
    return read_settings(os.environ)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read settings from an environment; InputError names the variable whose value cannot be meant."""
    given: dict[str, Any] = {name: value for name, value in environment.items() if name.startswith("SIMGATE_")}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        raise InputError(
            f"setting {wrong['loc'][0]} cannot be meant", actual=str(wrong["input"]),
            expected=wrong["msg"].removeprefix("Input should be "),
        ) from error  # fmt: skip
