from __future__ import annotations

import re
from pathlib import Path

import pytest

from simgate.core.errors import InputError
from simgate_airflow.settings import Settings, read_settings

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(SIMGATE_[A-Z_]+)` \| [^|]+ \|([^|]*)\|", re.MULTILINE)
INTERNAL = {"SIMGATE_WORKER_FD"}
"""Set by simgate for a process of its own."""
LOOSE = {"SIMGATE_STORE", "SIMGATE_PYTHON", "SIMGATE_STAGE_ENV"}
"""Their defaults depend on where the process runs, or are a list."""


def test_the_operations_page_lists_every_variable_and_its_default() -> None:
    table = dict(ROW.findall((ROOT / "docs/operations.md").read_text(encoding="utf-8")))
    sources = [path for folder in ("tasks/simgate", "plugins") for path in (ROOT / folder).rglob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert set(table) == set(re.findall(r"\bSIMGATE_[A-Z_]*[A-Z]\b", code)) - INTERNAL
    for field in Settings.model_fields.values():
        if field.alias not in LOOSE:
            said = table[str(field.alias)].strip().strip("`")
            assert said == ("" if field.default is None else str(field.default)), field.alias


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
