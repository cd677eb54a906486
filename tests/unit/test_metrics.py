"""Metrics: every figure that a gate writes is in the one table, with its meaning, unit and bound."""

from __future__ import annotations

import pytest

from simgate.core.attempt import read_verdict
from simgate.core.manifest import parse_manifest
from simgate.core.store import Store
from simgate.specs.metrics import METRICS, metric
from simgate.specs.table import STAGES, stage_row


def test_every_figure_of_the_real_gates_is_known_and_what_bounds_it_is_in_the_spec(tiny_store: Store):
    gates = set()
    for key in (key for key in tiny_store.keys("runs") if key.endswith("/manifest.json")):
        manifest = parse_manifest(tiny_store.get(key), what=key)
        verdict = read_verdict(tiny_store, manifest)
        gates |= {manifest.stage} if verdict else set()
        for name in verdict.metrics if verdict else ():
            known = metric(manifest.stage, name)
            assert known.known, f"{manifest.stage} writes {name}, and specs/metrics.py does not know it"
            assert known.meaning
            assert not known.field or known.bound(manifest.spec) is not None, name
    assert gates == {"validate", "evaluate", "export", "hil"}


@pytest.mark.parametrize("stage", METRICS)
def test_the_table_names_stages_that_are_gates_and_no_figure_twice(stage: str):
    assert STAGES[stage].gate
    names = [known.name for known in METRICS[stage]]
    assert len(set(names)) == len(names)
    assert all(known.field == "" or known.better != "neither" for known in METRICS[stage])


@pytest.mark.parametrize("stage", METRICS)
def test_every_bound_is_a_field_of_the_stages_spec(stage: str):
    for known in METRICS[stage]:
        model = stage_row(stage).spec_type
        for part in filter(None, known.field.split(".")):
            field = model.model_fields[part]
            model = field.annotation if hasattr(field.annotation, "model_fields") else model


def test_a_figure_that_nobody_described_is_shown_as_it_is_written():
    unknown = metric("hil", "wheel_slip")
    assert (unknown.known, unknown.name, unknown.bound({"wheel_slip": 3})) == (False, "wheel_slip", None)
    assert unknown.text(0.12345) == "0.123"


def test_values_are_read_with_their_units():
    assert metric("evaluate", "collision_rate").text(0.5833) == "58.3 %"
    assert metric("hil", "latency_p99_ms").text(41.26) == "41.3 ms"
    assert metric("hil", "device_start_ms").text(1240.4) == "1,240 ms"
    assert metric("validate", "frames train").text(12_000.0) == "12,000"
    assert metric("validate", "findings depth").meaning == "defects found by one check"
    assert metric("hil", "latency_p99_ms").bound({"limits": {"command_deadline_ms": 150}}) == 150.0
    assert metric("hil", "safety_trips").bound({"max_trips": True}) is None, "a flag is no number"
