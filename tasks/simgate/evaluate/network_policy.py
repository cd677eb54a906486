"""NetworkPolicy: drives with a network's commands."""

from __future__ import annotations

import torch
from torch import nn

from simgate.core.given.random import seed_of
from simgate.data.sample import Command
from simgate.engine.pytorch import PytorchModel
from simgate.evaluate.trip import Driving
from simgate.families.family import family_of
from simgate.families.goal import RelativeGoal
from simgate.families.weights import network_of, untrained
from simgate.sim.rollout import Observation, Policy


def policies_of(driving: Driving) -> tuple[Policy, Policy]:
    """Return the candidate's policy and that of the untrained network it is paired against."""
    torch.set_num_threads(1)
    family, spec = family_of(driving.card.family), driving.card.network
    candidate = network_of(driving.weights, family, spec)
    baseline = untrained(family, spec, seed_of(driving.baseline_seed, "weights"))
    return _policy(driving, candidate), _policy(driving, baseline)


def _policy(driving: Driving, network: nn.Module) -> Policy:
    contract = family_of(driving.card.family).contract(driving.card.network)
    model = PytorchModel(network, contract, device=driving.device, swap_channels=driving.swap_channels)

    def decide(seen: Observation) -> Command:
        return contract.command(model.look(seen.rgb, RelativeGoal(seen.goal_distance_m, seen.goal_bearing_rad)))

    return decide
