"""One training spread over several machines: here, over several processes that are told that they are machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from simgate.core.errors import InputError
from simgate.core.runtime.node import Node, own_node
from simgate.train.device import check_shape
from tests.unit.spread_training import SPEC, Training, ends
from tests.unit.toy_dataset import ToyStore


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ToyStore:
    return ToyStore(tmp_path_factory.mktemp("toy"), train_episodes=4, eval_episodes=1)


def test_one_and_two_machines_give_the_same_bytes_and_one_attempt(toy: ToyStore, tmp_path: Path) -> None:
    alone, spread = Training(toy, tmp_path / "one", SPEC), Training(toy, tmp_path / "two", SPEC)
    assert [code for code, _ in ends([alone.start()])] == [0]
    found = ends(spread.start_nodes(2))
    assert [code for code, _ in found] == [0, 0], found
    assert '"event": "took part"' in found[1][1]
    assert (alone.attempts(), spread.attempts()) == (1, 1)
    assert spread.weights_sha256() == alone.weights_sha256()


def test_where_a_machine_stands_is_read_from_its_environment() -> None:
    given = {
        "SIMGATE_NODES": "4",
        "JOB_COMPLETION_INDEX": "3",
        "MASTER_ADDR": "t-0.simgate-train",
        "MASTER_PORT": "29400",
    }
    assert own_node(given) == Node(3, 4, "t-0.simgate-train", 29400)
    assert own_node({}) == own_node({"SIMGATE_NODES": "1"}) == Node()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"SIMGATE_NODES": "0"}, "SIMGATE_NODES"),
        ({"SIMGATE_NODES": "two"}, "SIMGATE_NODES"),
        ({"JOB_COMPLETION_INDEX": "2"}, "JOB_COMPLETION_INDEX is out of range, got 2, expected 0 to 1"),
        ({"JOB_COMPLETION_INDEX": ""}, "JOB_COMPLETION_INDEX"),
        ({"MASTER_ADDR": ""}, "MASTER_ADDR is not set"),
        ({"MASTER_PORT": "70000"}, "MASTER_PORT"),
    ],
)
def test_a_place_that_cannot_be_is_refused(change: dict[str, str], words: str) -> None:
    given = {"SIMGATE_NODES": "2", "JOB_COMPLETION_INDEX": "1", "MASTER_ADDR": "a", "MASTER_PORT": "1", **change}
    with pytest.raises(InputError, match=words):
        own_node(given)


def test_processes_that_do_not_go_evenly_over_the_machines_are_refused() -> None:
    with pytest.raises(InputError, match="every machine runs equally many"):
        check_shape(SPEC.model_copy(update={"world_size": 4, "batch_size": 8}), nodes=3)
