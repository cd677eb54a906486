"""Rows: what a candidate's evidence must hold follows from them, and every list that cannot says the same."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest

from images.table import IMAGES
from simgate.cli.find import runs
from simgate.core.documents.stage_spec import Spec
from simgate.core.errors import InputError
from simgate.core.storage.store import Store
from simgate.release.reference import GATES
from simgate.release.trusted_key import KeyRole
from simgate.rows.engines import ENGINES
from simgate.rows.evidence import (
    EVIDENCE_ROLES,
    GATE_ROLES,
    REQUIRED,
    SPLIT_OF_ROLE,
    STAGE_OF_ROLE,
    STANDS_ON,
    role_of,
)
from simgate.rows.families import FAMILIES
from simgate.rows.places import PLACES
from simgate.rows.roles import GATE_STAGES, WORK_STAGES
from simgate.rows.simulators import SIMULATORS
from simgate.rows.stages import STAGES, Pipeline, stages_of
from simgate.specs.metric import METRICS

ROOT = Path(__file__).parents[2]


def test_the_evidence_that_a_release_needs_is_what_it_always_was() -> None:
    assert EVIDENCE_ROLES == ("validate", "train", "evaluate", "evaluate_live", "export", "hil")
    assert REQUIRED == ("validate", "train", "evaluate", "export", "hil")
    assert {**{role: role for role in REQUIRED}, "evaluate_live": "evaluate"} == STAGE_OF_ROLE
    assert STANDS_ON == (("evaluate", "train"), ("export", "train"), ("hil", "export"))
    assert SPLIT_OF_ROLE == {
        "train": "train", "evaluate": "eval", "evaluate_live": "eval", "export": "eval", "hil": "eval"
    }  # fmt: skip
    assert GATE_ROLES == ("validate", "evaluate", "evaluate_live", "export", "hil")
    assert role_of("evaluate", "live") == "evaluate_live"


def test_who_gives_verdicts_is_not_who_makes_what_is_judged() -> None:
    assert set(GATE_STAGES) == {"validate", "evaluate", "export", "hil", "probe"}
    assert set(WORK_STAGES) == {"index", "generate", "train"}
    assert {row.name for row in STAGES.ours if row.gate} == set(GATE_STAGES)
    assert "gate" in get_args(KeyRole)


def test_the_gates_of_a_policy_are_the_gates_among_the_evidence() -> None:
    assert set(GATES) == {STAGE_OF_ROLE[role] for role in GATE_ROLES}
    assert set(METRICS) == set(GATES)


@pytest.mark.parametrize("name", STAGES.names())
def test_a_stage_is_where_its_row_says(name: str) -> None:
    row = STAGES.find(name)
    assert issubclass(row.spec_type, Spec)
    stage = import_module(row.module).STAGE
    assert (stage.name, stage.spec_type) == (name, row.spec_type)
    assert (stage.take_part is not None) == row.spreads
    assert row.image in IMAGES


def test_what_a_stage_is_made_from_is_what_its_row_says(tiny_store: Store) -> None:
    seen = set()
    for run in runs(tiny_store, "main"):
        manifest = run.manifest
        upstream = STAGES.find(manifest.stage).upstream
        for link in manifest.dependencies:
            used = (link.name, link.annotations.output)
            assert any(used[0] == item.stage and fnmatchcase(used[1], item.output) for item in upstream), used
        assert {link.name for link in manifest.dependencies} == {item.stage for item in upstream}
        seen.add(manifest.stage)
    assert seen == {*stages_of("dataset"), *stages_of("release")}


def test_every_extra_that_a_row_names_is_locked_by_make() -> None:
    rows = [*STAGES.ours, *SIMULATORS.ours, *FAMILIES.ours, *ENGINES.ours]
    words = re.search(r"for extra in ([a-z ]+);", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert words is not None
    assert {row.extra for row in rows} - {""} <= set(words.group(1).split())


def test_the_chart_has_the_settings_of_each_stage_and_an_image_for_each() -> None:
    schema = json.loads((ROOT / "helm/simgate/values.schema.json").read_text(encoding="utf-8"))["properties"]
    assert schema["stages"]["properties"]["settings"]["propertyNames"]["enum"] == ["default", *STAGES.names()]
    rendered = (ROOT / "helm/simgate/templates/settings.yaml").read_text(encoding="utf-8")
    words = re.search(r"list ((?:\"[a-z-]+\" ?)+)", rendered)
    assert words is not None
    assert set(re.findall(r"[a-z-]+", words[1])) == {row.image for row in STAGES.ours}


def test_the_dags_run_the_stages_of_the_rows_in_their_order() -> None:
    files: tuple[tuple[Pipeline, str], ...] = (("dataset", "build_dataset"), ("release", "release_model"))
    for pipeline, name in files:
        text = (ROOT / f"dags/{name}.py").read_text(encoding="utf-8")
        assert tuple(dict.fromkeys(re.findall(r' stage="([a-z]+)"', text))) == stages_of(pipeline)


def test_each_of_our_places_is_where_its_row_says() -> None:
    assert [find_spec(row.module) is not None for row in PLACES.ours] == [True] * len(PLACES.ours)


def test_an_unknown_stage_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"no such stage, got nonsense, expected index \| generate"):
        STAGES.find("nonsense")
