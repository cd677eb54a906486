"""One environment with the foreign distribution as its author built it, and one walk of its project, for all tests."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.store import Store
from simgate.plan.record import run_folders, task_lines
from tests.outside.layer import Layer, make_layer
from tests.outside.toylab_wheel import PROJECT


@dataclass(frozen=True)
class Walked:
    """A copy of the project in which somebody walked both pipelines up to the engine."""

    layer: Layer
    project: Path

    @property
    def store(self) -> Store:
        """Its store."""
        return Store(str(self.project / "store"))

    def manifest_key(self, stage: str) -> str:
        """Where the manifest of a stage's first run lies."""
        folders = run_folders(self.store, "main")
        lines = [line for folder in folders for line in task_lines(self.store, folder) if line.slot.stage == stage]
        return lines[0].ref.uri

    def manifests(self) -> dict[str, Manifest]:
        """One committed run of each stage."""
        folders = run_folders(self.store, "main")
        lines = [line for folder in folders for line in task_lines(self.store, folder)]
        return {line.slot.stage: read_manifest(self.store, line.ref) for line in lines}


@pytest.fixture(scope="session")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Layer:
    """The environment of whoever installed the distribution."""
    return make_layer(tmp_path_factory.mktemp("toylab") / "layer")


@pytest.fixture(scope="session")
def walked(layer: Layer, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """Walk the project once, without Airflow. Read it; copy it before you write."""
    project = copy_project(tmp_path_factory.mktemp("walked") / "project")
    done = layer.simgate(project, "pipeline", "--scenes", "scenes", "--until", "export")
    assert done.returncode == 0, done.stdout + done.stderr
    return Walked(layer, project)


def copy_project(to: Path) -> Path:
    """Copy the project's files."""
    shutil.copytree(PROJECT, to)
    return to
