"""Policy: a network at the wheel."""

from __future__ import annotations

import torch

from simgate.core.given.random import seed_of
from simgate.data.sample import Command
from simgate.engine.pytorch import PytorchModel
from simgate.evaluate.driving import Driving
from simgate.model.contract import Contract
from simgate.model.goal import RelativeGoal
from simgate.model.network import Network, new_network
from simgate.model.weights import network_of
from simgate.sim.rollout import Observation, Policy


def policies_of(driving: Driving) -> tuple[Policy, Policy]:
    """The candidate's policy and that of the untrained network it is paired against."""
    torch.set_num_threads(1)
    spec = driving.card.network
    candidate = network_of(driving.weights, spec)
    baseline = new_network(spec, seed_of(driving.baseline_seed, "weights"))
    return _policy(driving, candidate), _policy(driving, baseline)


def _policy(driving: Driving, network: Network) -> Policy:
    contract = Contract.of(driving.card.network)
    model = PytorchModel(network, contract, device=driving.device, swap_channels=driving.swap_channels)

    def decide(seen: Observation) -> Command:
        goal = RelativeGoal(seen.goal_distance_m, seen.goal_bearing_rad)
        return contract.command(model.look(seen.rgb, goal).command[0])

    return decide
