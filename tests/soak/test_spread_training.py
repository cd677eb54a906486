"""A training that is spread over several machines loses one of them."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from simgate.plan.jobs import find
from tests.unit.spread_training import SPEC, Training, ends, wait_for_checkpoint
from tests.unit.toy_dataset import ToyStore

LONG = SPEC.model_copy(update={"epochs": 400})


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ToyStore:
    return ToyStore(tmp_path_factory.mktemp("toy"), train_episodes=4, eval_episodes=1)


def test_a_machine_that_dies_ends_the_other_with_a_code_that_is_tried_again(toy: ToyStore, tmp_path: Path) -> None:
    training = Training(toy, tmp_path, LONG)
    nodes = training.start_nodes(2)
    wait_for_checkpoint(training)
    nodes[1].kill()
    (first, said), (second, _) = ends(nodes)
    assert (first, second) == (1, -signal.SIGKILL), said
    assert find(training.store, training.slot) is None


def test_one_machine_that_is_asked_to_stop_stops_all_at_one_checkpoint(toy: ToyStore, tmp_path: Path) -> None:
    training = Training(toy, tmp_path, LONG)
    nodes = training.start_nodes(2)
    wait_for_checkpoint(training)
    nodes[1].terminate()
    assert [code for code, _ in ends(nodes)] == [143, 143]
    assert training.checkpoints() > 0
