from __future__ import annotations

from pathlib import Path

import pytest

from simgate.core.errors import InputError
from simgate_airflow.settings import read_settings


def test_an_empty_environment_is_a_local_deployment() -> None:
    settings = read_settings({})
    assert settings.domain == "main"
    assert settings.max_batches == 64
    assert settings.api_url.startswith("http://127.0.0.1")
    assert (settings.policy_path, settings.recipes_path) == (Path("policy.yaml"), Path("recipes")), "of a project"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIMGATE_MAX_BATCHES", "65"),
        ("SIMGATE_MAX_BATCHES", "many"),
        ("SIMGATE_POLL_S", "nan"),
        ("SIMGATE_POLL_S", "0"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InputError, match=name):
        read_settings({name: value})


def test_stages_inherit_no_secret_of_airflow_or_of_the_promoter() -> None:
    names = read_settings({"SIMGATE_STAGE_ENV": "MY_CACHE, MY_PROXY"}).stage_environment
    assert {"PATH", "MY_CACHE", "MY_PROXY"} <= set(names)
    assert not [name for name in names if name.startswith("AIRFLOW") or "PROMOTER" in name]
