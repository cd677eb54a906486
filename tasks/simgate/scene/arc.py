"""Arc: one reference or payload between prims; together they must end somewhere, and not in millions of prims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from pxr import Sdf

from simgate.core.errors import InputError
from simgate.scene.asset_use import AssetUse

MAX_COMPOSED_ARCS = 1_000_000
MAX_CHAIN = 200
"""References one after another; USD composes them by recursion."""


@dataclass(frozen=True, slots=True)
class Arc:
    """A reference or payload whose file is known; paths carry no variant selections."""

    use: AssetUse
    source: Sdf.Path
    target: Sdf.Path
    target_layers: tuple[str, ...]
    """The layer that is asked for, and its sublayers."""


def arc_of(use: AssetUse, layers: Sequence[tuple[str, Sdf.Layer]]) -> Arc:
    """Return the arc of a reference or payload into `layers`, strongest first; its prim must be there."""
    names = tuple(name for name, _ in layers)
    target = Sdf.Path(use.target_prim) if use.target_prim else layers[0][1].GetDefaultPrimAsPath()
    if target.isEmpty:
        raise InputError(
            f"{use} names no prim", actual=f"{names[0]} without a defaultPrim", remedy="set its defaultPrim"
        )
    if not any(_may_bring(layer, target) for _, layer in layers):
        raise InputError(
            f"{use} is broken", actual=f"no prim {target} in {names[0]}", remedy="name a prim that is there"
        )
    return Arc(use, Sdf.Path(use.prim).StripAllVariantSelections(), target, names)


def check_arcs(arcs: Sequence[Arc], root_layers: Sequence[str]) -> None:
    """Refuse a cycle of arcs, and arcs that multiply beyond `MAX_COMPOSED_ARCS` prims under the root."""
    after = _followers(arcs)
    try:
        order = tuple(TopologicalSorter(after).static_order())
    except CycleError as error:
        raise _cycle(error.args[1][1:]) from None
    counts: dict[Arc, int] = {}
    depths: dict[Arc, int] = {}
    for arc in order:
        counts[arc] = 1 + sum(counts[follower] for follower in after[arc])
        depths[arc] = 1 + max((depths[follower] for follower in after[arc]), default=0)
        if depths[arc] > MAX_CHAIN:
            raise InputError(
                f"{arc.use} begins a chain of references", expected=f"at most {MAX_CHAIN}", remedy="shorten it"
            )
    total = sum(counts[arc] for arc in arcs if arc.use.layer in root_layers)
    if total > MAX_COMPOSED_ARCS:
        what = f"references of {root_layers[0]} multiply"
        raise InputError(
            what, actual=f"{total} prims", expected=f"at most {MAX_COMPOSED_ARCS}", remedy="nest them less"
        )


def _followers(arcs: Sequence[Arc]) -> dict[Arc, list[Arc]]:
    """Return the arcs that each arc leads to: those at, beneath or above the prim that it brings in."""
    by_layer: dict[str, list[Arc]] = {}
    for arc in arcs:
        by_layer.setdefault(arc.use.layer, []).append(arc)
    known: dict[tuple[Sdf.Path, tuple[str, ...]], list[Arc]] = {}  # A thousand chairs ask for one prim: look once.
    for arc in arcs:
        if (key := (arc.target, arc.target_layers)) not in known:
            near = [after for layer in arc.target_layers for after in by_layer.get(layer, ())]
            known[key] = [after for after in near if _leads(arc, after)]
    return {arc: known[arc.target, arc.target_layers] for arc in arcs}


def _leads(arc: Arc, after: Arc) -> bool:
    return bool(after.source.HasPrefix(arc.target) or arc.target.HasPrefix(after.source))


def _may_bring(layer: Sdf.Layer, target: Sdf.Path) -> bool:
    """Return whether the layer has the prim, or an ancestor that could bring it by arcs or variants (composition
    tells).
    """
    if layer.GetPrimAtPath(target):
        return True
    above = [prim for path in target.GetAncestorsRange() if (prim := layer.GetPrimAtPath(path))]
    return any(
        prim.hasReferences or prim.hasPayloads or prim.hasInheritPaths or prim.hasSpecializes or prim.variantSets
        for prim in above
    )


def _cycle(arcs: Sequence[Arc]) -> InputError:
    way = " → ".join(f"{arc.use.layer}{arc.use.prim}" for arc in reversed([arcs[-1], *arcs]))
    return InputError(
        f"{arcs[0].use} closes a cycle", actual=way, expected="references that end", remedy="remove one of them"
    )
