"""Driver processes: refusals come through, deaths are noticed, and none is left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from simgate.core.errors import InputError, SimgateError
from simgate.evaluate.drivers import driven, start_drivers
from simgate.evaluate.trip import Driving, Trip
from simgate.families.card import ModelCard
from simgate.families.weights import weights_bytes
from simgate.specs.evaluate import ClosedLoopSpec
from tests.unit.process_tree import descendants
from tests.unit.toy_dataset import DIGEST, NETWORK, toy_generate
from tests.unit.toy_model import toy_network

CARD = ModelCard(
    family="navigator", network=NETWORK, parameters=1, seed=1, epochs=0, steps=0, frames=1, dataset_sha256=DIGEST,
    device="cpu", precision="fp32", world_size=1, last=None,
)  # fmt: skip
DRIVING = Driving(
    closed_loop=ClosedLoopSpec(episodes=2, generate=toy_generate("toy", 0, 1)), card=CARD,
    weights=weights_bytes(toy_network(1)), baseline_seed=2, device="cpu", swap_channels=False,
)  # fmt: skip
TRIPS = [Trip("toy", Path("toy.usda"), 0), Trip("toy", Path("toy.usda"), 1)]


def test_a_simulator_of_another_version_is_refused_with_both_versions() -> None:
    with (
        start_drivers(DRIVING, TRIPS) as workers,
        pytest.raises(InputError, match=r"version mismatch.*0 in the spec"),
    ):
        list(driven(workers))


def test_a_driver_that_is_killed_is_an_error_and_leaves_no_process() -> None:
    def drive_and_kill() -> None:
        with start_drivers(DRIVING, TRIPS) as workers:
            for pid in _drivers():
                os.kill(pid, signal.SIGKILL)
            list(driven(workers))

    with pytest.raises(SimgateError, match="driver process ended"):
        drive_and_kill()
    assert not _drivers()


def _drivers() -> set[int]:
    return {pid for pid in descendants(os.getpid()) if b"simgate.evaluate.driver" in _command(pid)}


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it ended meanwhile
        return b""
