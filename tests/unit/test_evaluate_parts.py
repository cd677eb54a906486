"""Intervals, average precision, command error and the gate."""

from __future__ import annotations

import math
from itertools import product
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from simgate.data.sample import Command
from simgate.documents.episode import EpisodeResult
from simgate.documents.evaluation import Evaluation, Interval
from simgate.documents.pairs import chance_of
from simgate.evaluate.closed_loop import ClosedLoop, share_of
from simgate.evaluate.verdict import metrics_of
from simgate.families.box import Detection
from simgate.families.interval import bootstrap, rate
from simgate.families.navigator.command_error import LARGEST, CommandMeter
from simgate.families.navigator.contract import NavigatorContract
from simgate.families.navigator.precision import PrecisionMeter
from simgate.families.truth import Truth
from simgate.specs.bounds import broken_bounds
from simgate.specs.evaluate import ClosedLoopSpec, EvaluateSpec
from tests.unit.toy_dataset import NETWORK, toy_generate

CONTRACT = NavigatorContract.of(NETWORK)


def test_wilsons_interval_is_the_published_one() -> None:
    found = rate(1, 10)
    assert found.low == pytest.approx(0.0179, abs=1e-4)
    assert found.high == pytest.approx(0.4042, abs=1e-4)


@given(st.integers(1, 500), st.data())
def test_a_rate_lies_in_its_interval(trials: int, data: st.DataObject) -> None:
    found = rate(data.draw(st.integers(0, trials)), trials)
    assert 0 <= found.low <= found.value <= found.high <= 1


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_a_bootstrap_brackets_the_mean_and_is_the_same_again(values: list[float]) -> None:
    array = np.array(values)

    def mean(weights: np.ndarray) -> float:
        return float((weights * array).sum() / weights.sum())

    found = bootstrap(mean, len(values), 1, "test")
    assert found == bootstrap(mean, len(values), 1, "test")
    assert array.min() - 1e-9 <= found.low <= found.high <= array.max() + 1e-9
    assert found.value == pytest.approx(array.mean())


def test_the_sign_test_is_the_binomial_tail() -> None:
    assert chance_of(8, 0) == 1 / 256
    assert chance_of(0, 0) == 1.0
    assert chance_of(1, 1) == 0.75
    assert chance_of(5, 0) == pytest.approx(1 / 32)


def test_the_sign_test_is_scipys_for_any_pairs() -> None:
    for wins, losses in product(range(40), range(40)):
        if pairs := wins + losses:
            assert chance_of(wins, losses) == pytest.approx(binomtest(wins, pairs, alternative="greater").pvalue)


def _box(x: float, score: float, label: str = "box") -> Detection:
    return Detection(label, score, x, 0.0, x + 10, 10.0)


def _truth(x: float, *, counted: bool = True, label: str = "box") -> Truth:
    return Truth(label, (x, 0.0, x + 10, 10.0), counted)


def _precision(found: list[Detection], truths: list[Truth]) -> float:
    meter = PrecisionMeter(CONTRACT.obstacles)
    meter.add(0, found, truths)
    return meter.average_precisions()["box"]


def test_everything_found_and_nothing_else_is_precision_one() -> None:
    assert _precision([_box(0, 0.9), _box(20, 0.8)], [_truth(0), _truth(20)]) == 1.0


def test_nothing_found_is_zero() -> None:
    assert _precision([], [_truth(0)]) == 0.0


def test_a_false_alarm_above_the_object_halves_the_area_and_one_below_costs_nothing() -> None:
    assert _precision([_box(40, 0.9), _box(0, 0.8)], [_truth(0)]) == 0.5
    assert _precision([_box(40, 0.7), _box(0, 0.8)], [_truth(0)]) == 1.0


def test_the_area_is_that_of_the_envelope_over_all_points() -> None:
    # Ranks: hit, miss, hit, miss of 2 objects: precision 1 up to recall 0.5, then 2/3.
    found = [_box(0, 0.9), _box(100, 0.8), _box(20, 0.7), _box(120, 0.6)]
    assert _precision(found, [_truth(0), _truth(20)]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_second_box_on_one_object_is_a_false_alarm() -> None:
    assert _precision([_box(0, 0.9), _box(1, 0.8), _box(20, 0.7)], [_truth(0), _truth(20)]) < 1.0


def test_an_object_that_does_not_count_is_neither_missed_nor_a_false_alarm() -> None:
    assert _precision([_box(40, 0.9), _box(0, 0.8)], [_truth(0), _truth(40, counted=False)]) == 1.0
    assert _precision([_box(0, 0.8)], [_truth(0), _truth(40, counted=False)]) == 1.0


def test_a_box_of_another_class_is_not_found() -> None:
    assert _precision([_box(0, 0.9, "bin")], [_truth(0)]) == 0.0


def test_a_class_that_does_not_occur_has_no_precision() -> None:
    meter = PrecisionMeter(CONTRACT.obstacles)
    meter.add(0, [_box(0, 0.9)], [_truth(0)])
    assert set(meter.average_precisions()) == {"box"}


def test_map_is_the_mean_over_classes_with_an_interval_over_episodes() -> None:
    meter = PrecisionMeter(CONTRACT.obstacles)
    for episode in range(6):
        meter.add(episode, [_box(0, 0.9 - episode / 100)] if episode % 2 else [], [_truth(0), _truth(0, label="bin")])
    found = meter.map_50(6, 1)
    assert found.value == pytest.approx(0.25)
    assert 0 <= found.low < found.value < found.high <= 0.5
    assert found == meter.map_50(6, 1)


def test_no_objects_at_all_are_a_map_of_zero() -> None:
    assert PrecisionMeter(CONTRACT.obstacles).map_50(3, 1).value == 0.0


def test_command_error_is_the_mean_share_of_both_axes() -> None:
    meter = CommandMeter(CONTRACT)
    meter.add(0, Command(0.4, 0.75), Command(0.8, 0.0))
    assert meter.error(1, 1).value == pytest.approx(0.5)


def test_a_command_that_is_no_number_counts_as_the_largest_error() -> None:
    meter = CommandMeter(CONTRACT)
    meter.add(0, Command(math.nan, math.inf), Command(0.8, 0.0))
    assert meter.error(1, 1).value == LARGEST


Outcome = Literal["success", "collision", "timeout"]


def _episode(number: int, outcome: Outcome) -> EpisodeResult:
    return EpisodeResult(scene="toy", episode=number, outcome=outcome, steps=1, distance_left_m=0.0, path=((0.0, 0.0),))


def _closed_loop(ours: str, theirs: str) -> ClosedLoop:
    words: dict[str, Outcome] = {"s": "success", "c": "collision", "t": "timeout"}
    return ClosedLoop(*(tuple(_episode(n, words[w]) for n, w in enumerate(word)) for word in (ours, theirs)))


SPEC = EvaluateSpec(
    device="cpu", seed=1, baseline_seed=2, family="navigator",
    at_least={"map_50": 0.5, "success_gain": 0.3}, at_most={"command_error": 0.2},
    closed_loop=ClosedLoopSpec(episodes=5, generate=toy_generate("toy", 0, 1)),
)  # fmt: skip


def _evaluation(map_50: float, command_error: float, loop: ClosedLoop) -> Evaluation:
    return Evaluation(
        family="navigator",
        intervals={
            "map_50": Interval(value=map_50, low=0, high=1),
            "command_error": Interval(value=command_error, low=0, high=1),
            "success_rate": share_of(loop.episodes, "success"),
            "collision_rate": share_of(loop.episodes, "collision"),
            "baseline_success_rate": share_of(loop.baseline, "success"),
        },
        by_class={}, episodes=loop.episodes, baseline_episodes=loop.baseline,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("map_50", "error", "ours", "named"),
    [
        (0.6, 0.1, "sssct", []),
        (0.5, 0.2, "sssct", []),
        (0.4, 0.1, "sssct", ["map_50 0.4 is below at_least.map_50 0.5"]),
        (0.6, 0.3, "sssct", ["command_error 0.3 is above at_most.command_error 0.2"]),
        (0.6, 0.1, "scctt", ["success_gain 0.2 is below at_least.success_gain 0.3"]),
    ],
)
def test_the_gate_names_the_metric_its_value_and_its_threshold(
    map_50: float, error: float, ours: str, named: list[str]
) -> None:
    loop = _closed_loop(ours, "ctttt")
    assert broken_bounds(SPEC, metrics_of(_evaluation(map_50, error, loop), loop)) == named


def test_the_gate_fails_on_a_number_that_is_none() -> None:
    loop = _closed_loop("s", "t")
    metrics = metrics_of(_evaluation(0.6, 0.1, loop), loop)
    assert len(broken_bounds(SPEC, dict.fromkeys(metrics, math.nan))) == 4


def test_gain_counts_pairs() -> None:
    loop = _closed_loop("sscs", "sttc")
    assert (loop.better, loop.worse) == (2, 0)
    assert metrics_of(_evaluation(1, 0, loop), loop)["success_gain"] == 0.5
