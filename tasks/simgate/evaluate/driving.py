"""Driving: a share of the closed-loop episodes, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

from simgate.evaluate.trip import DrivenTrip, Driving, Trip
from simgate.specs.evaluate import ClosedLoopSpec
from simgate.specs.generate import GenerateSpec


def drive_share(driving: Driving, trips: tuple[Trip, ...]) -> Iterator[bytes]:
    """Drive the trips in their order; each one's result as canonical JSON."""
    # Heavy, and only here: the process that waits for the results needs no simulator.
    from simgate.evaluate.network_policy import policies_of
    from simgate.sim.rollout import drive, lanes_of, open_simulator

    policies = policies_of(driving)
    for scene in dict.fromkeys(trip.scene for trip in trips):
        here = [trip for trip in trips if trip.scene == scene]
        spec = scene_spec(driving.closed_loop, scene)
        simulator = open_simulator(spec, here[0].root)
        for trips_at_once in lanes_of(simulator, here):
            episodes, steps = [trip.episode for trip in trips_at_once], driving.closed_loop.max_steps
            driven = (drive(simulator, spec, episodes, policy, steps) for policy in policies)
            for candidate, baseline in zip(*driven, strict=True):
                yield DrivenTrip(candidate=candidate, baseline=baseline).to_json()
        simulator.close()


def scene_spec(closed_loop: ClosedLoopSpec, scene: str) -> GenerateSpec:
    """Return the rollouts' spec in one scene."""
    return closed_loop.generate.model_copy(update={"scene": scene})
