"""Layer stack: a layer and its sublayers, strongest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from simgate.core.errors import InputError


def layer_stacks(sublayers: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the stack of every layer; a layer that is its own sublayer, however deep, is refused."""
    stacks: dict[str, tuple[str, ...]] = {}
    try:
        order = tuple(TopologicalSorter(sublayers).static_order())
    except CycleError as error:
        way = " → ".join(reversed(error.args[1]))
        raise InputError(
            f"sublayers of layer {error.args[1][-1]} close a cycle", actual=way, remedy="remove one of them"
        ) from None
    for layer in order:
        below = [part for sublayer in sublayers[layer] for part in stacks[sublayer]]
        stacks[layer] = tuple(dict.fromkeys([layer, *below]))
    return stacks
