"""The project that `simgate-airflow` starts an Airflow for, without starting one; tests/e2e/test_your_own.py does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simgate.core.errors import InputError
from simgate_airflow.local.command import main
from simgate_airflow.local.project import project_in
from simgate_airflow.settings import read_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project without scenes: Airflow needs none to start."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "policy.yaml").write_text("")
    return tmp_path


def test_airflow_is_wired_to_the_folder_that_one_stands_in(folder: Path) -> None:
    given = project_in(folder, {}).environment({"HOME": "/elsewhere", "GIT_DIR": "x"})
    settings = read_settings(given)
    assert settings.store_url == str(folder / ".simgate/store")
    assert settings.recipes_path == folder / "recipes"
    assert settings.policy_path == folder / "policy.yaml"
    assert given["MLFLOW_TRACKING_URI"] == f"sqlite:///{folder}/.simgate/mlflow.db"
    assert not {"HOME", "GIT_DIR"} & {*given}


def test_variables_name_parts_that_lie_elsewhere_and_reach_airflow_as_whole_paths(folder: Path) -> None:
    (folder / "recipes").rename(folder / "mine")
    given = {"SIMGATE_RECIPES": "mine", "SIMGATE_STORE": "s3://robots/main", "SIMGATE_POLL_S": "5", "AWS_REGION": "eu"}
    wired = project_in(folder, given).environment(given)
    assert wired["SIMGATE_RECIPES"] == str(folder / "mine")
    assert (wired["SIMGATE_STORE"], wired["SIMGATE_POLL_S"], wired["AWS_REGION"]) == ("s3://robots/main", "5", "eu")


@pytest.mark.parametrize("missing", ["recipes", "policy.yaml"])
def test_a_folder_that_is_no_project_is_refused_with_what_to_do(folder: Path, missing: str) -> None:
    (folder / missing).rename(folder / "away")
    with pytest.raises(InputError, match=r"expected a project: .*simgate init my-robot"):
        project_in(folder, {})


def test_stopping_what_does_not_run_is_no_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, folder, "stop") == 0
    assert "no Airflow of this project runs" in capsys.readouterr().out


def test_a_wrong_folder_is_exit_2_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, tmp_path, "start") == 2
    said = capsys.readouterr().err
    assert "no recipes here" in said
    assert "Traceback" not in said


def call(monkeypatch: pytest.MonkeyPatch, folder: Path, *words: str) -> int:
    """Run `simgate-airflow` in a folder, as a user who exported nothing; its exit code."""
    for name in ("SIMGATE_RECIPES", "SIMGATE_POLICY", "SIMGATE_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["simgate-airflow", *words])
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)
