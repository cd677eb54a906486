"""Metrics: every figure that a gate writes is in the one table, with its meaning and unit; specs bound no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simgate.core.documents.stage_spec import Spec
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.manifest import parse_manifest
from simgate.core.storage.store import Store
from simgate.hil.judge import judge
from simgate.hil.trace import Trace
from simgate.release.reference import asked
from simgate.rows.stages import STAGES
from simgate.specs.bounds import bounds
from simgate.specs.hil import HilSpec
from simgate.specs.metric import METRICS, metric, metrics_of
from tests.demo_recipes import demo_dataset_recipe, demo_release_recipe


def bench() -> HilSpec:
    spec = demo_release_recipe().hil
    assert spec is not None
    return spec


def asked_by_demo() -> Iterator[tuple[str, Spec]]:
    """The spec of each gate."""
    dataset, release = demo_dataset_recipe(), demo_release_recipe()
    yield "validate", dataset.validate_spec
    yield "evaluate", release.evaluate_spec(dataset.simulation, "office")
    yield "export", release.export
    yield "hil", bench()


def test_every_figure_of_the_real_gates_is_known_and_every_bound_of_their_specs_is_of_one(tiny_store: Store) -> None:
    gates = set()
    for key in (key for key in tiny_store.keys("runs") if key.endswith("/manifest.json")):
        manifest = parse_manifest(tiny_store.get(key), what=key)
        verdict = read_verdict(tiny_store, manifest)
        gates |= {manifest.stage} if verdict else set()
        for name in verdict.metrics if verdict else ():
            known = metric(manifest.stage, name)
            assert known.known, f"{manifest.stage} writes {name}, and specs/metric.py does not know it"
            assert known.meaning
        if verdict:
            assert {bound.metric for bound in bounds(asked(manifest))} <= verdict.metrics.keys()
    assert gates == {"validate", "evaluate", "export", "hil"}


@pytest.mark.parametrize("stage", METRICS)
def test_the_table_names_stages_that_are_gates_and_no_figure_twice(stage: str) -> None:
    assert STAGES.find(stage).gate
    names = [known.name for known in metrics_of(stage)]
    assert len(set(names)) == len(names)
    assert all(not known.part_of or known.part_of in names for known in metrics_of(stage))


@pytest.mark.parametrize(("stage", "spec"), list(asked_by_demo()))
def test_every_metric_that_a_spec_bounds_is_known_and_better_the_way_that_it_is_bounded(stage: str, spec: Spec) -> None:
    found = list(bounds(spec))
    assert found
    for bound in found:
        known = metric(stage, bound.metric)
        assert known.known, f"{stage} bounds {bound.metric}, and specs/metric.py does not know it"
        assert known.better == ("higher" if bound.side == "at least" else "lower"), bound.metric


def test_every_figure_that_the_bench_writes_is_known() -> None:
    spec = bench()
    for name in judge(Trace(bench="emulated", device_fault="gone", started_ms=1.0, drives=()), spec).metrics:
        assert metric("hil", name).known, f"hil writes {name}, and specs/metric.py does not know it"


def test_a_figure_that_nobody_described_is_shown_as_it_is_written() -> None:
    unknown = metric("hil", "wheel_slip")
    assert (unknown.known, unknown.name, unknown.better) == (False, "wheel_slip", "neither")
    assert unknown.text(0.12345) == "0.123"


def test_values_are_read_with_their_units() -> None:
    assert metric("evaluate", "collision_rate").text(0.5833) == "58.3 %"
    assert metric("hil", "latency_p99_ms").text(41.26) == "41.3 ms"
    assert metric("hil", "device_start_ms").text(1240.4) == "1,240 ms"
    assert metric("validate", "frames train").text(12_000.0) == "12,000"
    assert metric("validate", "findings depth").meaning == "defects found by one check"
