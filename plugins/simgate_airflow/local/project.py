"""Project: the folder that one stands in, and how a local Airflow is wired to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simgate.core.errors import InputError

HANDED_ON = ("SIMGATE_", "AWS_")
"""Variables of these names reach Airflow as whoever starts it has them."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project's recipes, policy and store; Airflow's files lie in `.simgate` beside them."""

    folder: Path
    recipes: Path
    policy: Path
    store: str
    """A folder, or s3://bucket/prefix."""

    @property
    def airflow_home(self) -> Path:
        """Airflow's database, logs and passwords."""
        return self.folder / ".simgate" / "airflow"

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of Airflow's components; none changes a result."""
        return {
            # Shards made at once: a simulation keeps a core busy.
            "SIMGATE_MAX_BATCHES": str(min(os.cpu_count() or 1, 64)),
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.folder / '.simgate' / 'mlflow.db'}",
            "WARP_CACHE_PATH": str(Path.home() / ".cache" / "simgate" / "warp"),
            **{name: value for name, value in given.items() if name.startswith(HANDED_ON)},
            **{name: given[name] for name in ("MLFLOW_TRACKING_URI", "WARP_CACHE_PATH") if name in given},
            "SIMGATE_STORE": self.store, "SIMGATE_RECIPES": str(self.recipes), "SIMGATE_POLICY": str(self.policy),
        }  # fmt: skip


def project_in(folder: Path, given: Mapping[str, str]) -> Project:
    """Find the parts of a folder's project; SIMGATE_RECIPES, SIMGATE_POLICY and SIMGATE_STORE name parts elsewhere."""
    recipes = folder / given.get("SIMGATE_RECIPES", "recipes")
    policy = folder / given.get("SIMGATE_POLICY", "policy.yaml")
    for name, path, is_there in (("recipes", recipes, recipes.is_dir()), ("policy", policy, policy.is_file())):
        if not is_there:
            raise InputError(
                f"no {name} here", actual=path, expected="a project: a folder with recipes/ and policy.yaml",
                remedy=f"`simgate init my-robot` makes one; SIMGATE_{name.upper()} names {name} that lie elsewhere",
            )  # fmt: skip
    store = given.get("SIMGATE_STORE", ".simgate/store")
    return Project(folder, recipes, policy, store if store.startswith("s3://") else str(folder / store))
