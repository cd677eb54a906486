"""Policy text: references as YAML that a person reads, each field with the way that is stricter; parts that occur
again are written once. A file's other lines are a person's, and stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from simgate.core.documents.canonical import canonical_json
from simgate.core.documents.strictness import Leaf, Stricter, leaves
from simgate.core.errors import InputError
from simgate.release.reference import Reference

BEGIN = "# >>> simgate policy new"
END = "# <<< simgate policy new"
ABOUT = f"""\
{BEGIN}
# What each channel's gates and dataset must at least be asked. Change values, keep lines: a field that is missing, or
# that nobody knows, is refused, and `simgate policy new --update` writes these lines again. A candidate that asks less
# than a line says is refused with the field's name. A line without a comment must be met exactly.
"""
OF_DATASET = {
    "dataset.seeds": "fixed: of this seed; any: nightly datasets draw their own",
    "dataset.train.scenes": "episodes at least; there may be more scenes",
    "dataset.eval.scenes": "episodes at least; these scenes and no other",
    "dataset.train.frames": "at least",
    "dataset.eval.frames": "at least",
}
"""Comments on the dataset's demands, which are no spec."""
WIDTH = 118
FEW = 5
"""Longest list, and largest flat mapping, that is written out again instead of being pointed to."""


def references_text(references: Mapping[str, Reference]) -> str:
    """Return the block of a policy file that holds the references of its channels, by name; each is an anchor."""
    values = {name: reference.written() for name, reference in references.items()}
    lines = [f"{ABOUT}x-references:"]
    writer = _Writer(_again(values))
    for name, value in values.items():
        lines += writer.mapping(name, value, (name,), always=True)
    return "\n".join([*lines, END, ""])


def with_references(text: str, references: Mapping[str, Reference]) -> str:
    """Return the file's text with that block written anew; all other lines stay."""
    before, _, after = _parts(text)
    return f"{before}{references_text(references)}{after}"


def block_of(text: str) -> str:
    """Return the lines of a policy file between the two marks."""
    return _parts(text)[1]


def _parts(text: str) -> tuple[str, str, str]:
    before, begin, rest = text.partition(f"{BEGIN}\n")
    block, end, after = rest.partition(f"{END}\n")
    if not begin or not end or BEGIN in after:
        remedy = f"write a line `{BEGIN}` and a line `{END}` above `channels:`; the references go between"
        raise InputError("the policy has no one place for references", remedy=remedy)
    return before, block, after


def comment_of(leaf: Leaf) -> str:
    """Say which direction of a reference's field is stricter; empty where the field must be equal."""
    return OF_DATASET.get(leaf.path) or comment(leaf.stricter)


def comment(stricter: Stricter) -> str:
    """Return a declaration in words; empty for a field that must be equal."""
    if stricter.way == "equal":
        return ""
    if stricter.way == "free":
        return f"may be anything: {stricter.why}"
    if stricter.bounds_each:
        return f"of each metric {stricter.way} is stricter"
    bounded = f"; bounds {', '.join(stricter.bounds)}" if stricter.bounds else ""
    return f"{stricter.way} is stricter{bounded}"


def _key(value: Any) -> bytes:
    return canonical_json(value)


def _again(value: Any) -> set[bytes]:
    """Find values that occur more than once and are large enough for an alias."""
    seen: set[bytes] = set()
    again: set[bytes] = set()

    def walk(node: Any) -> None:
        key = _key(node)
        if not _is_large(node):
            return
        if key in seen:
            again.add(key)
            return
        seen.add(key)
        for inner in node.values() if isinstance(node, dict) else ():
            walk(inner)

    walk(value)
    return again


def _is_large(value: Any) -> bool:
    if isinstance(value, dict):
        return len(value) > FEW or any(isinstance(inner, dict) for inner in value.values())
    return isinstance(value, list) and len(value) > FEW


class _Writer:
    """Writes mappings line by line; an anchor where something occurs first, an alias where it occurs again."""

    def __init__(self, again: set[bytes]) -> None:
        self._again = again
        self._anchors: dict[bytes, str] = {}
        self._comments = {tuple(leaf.path.split(".")): comment_of(leaf) for leaf in leaves(Reference)}

    def mapping(self, name: str, value: dict[str, Any], path: tuple[str, ...], *, always: bool = False) -> list[str]:
        """Write `name:` and everything below it; `always` gives it an anchor of its own name."""
        indent = "  " * len(path)
        key = _key(value)
        if key in self._anchors and not always:
            return [f"{indent}{name}: *{self._anchors[key]}"]
        anchor = "" if not always and key not in self._again else f" &{'-'.join(path)}"
        if anchor:
            self._anchors.setdefault(key, anchor.removeprefix(" &"))
        lines = [f"{indent}{name}:{anchor}"]
        for inner, item in value.items():
            lines += self._field(inner, item, (*path, inner))
        return lines

    def _field(self, name: str, value: Any, path: tuple[str, ...]) -> list[str]:
        if isinstance(value, dict) and not _is_flat(value):
            return self.mapping(name, value, path)
        indent = "  " * len(path)
        written = f"{indent}{name}: {self._leaf(value, path)}"
        said = self._comments.get(path[1:], "")
        if not said:
            return _folded(written, indent)
        line = f"{written}  # {said}"
        return [line] if len(line) <= WIDTH else [f"{indent}# {said}", *_folded(written, indent)]

    def _leaf(self, value: Any, path: tuple[str, ...]) -> str:
        key = _key(value)
        if key in self._anchors and _is_large(value):
            return f"*{self._anchors[key]}"
        text = yaml.safe_dump(value, default_flow_style=True, width=10**9, sort_keys=False)
        flow = text.removesuffix("...\n").strip()
        if key not in self._again or not _is_large(value):
            return flow
        self._anchors[key] = "-".join(path)
        return f"&{self._anchors[key]} {flow}"


def _is_flat(value: dict[str, Any]) -> bool:
    return len(value) < FEW and not any(isinstance(item, dict) for item in value.values())


def _folded(line: str, indent: str) -> list[str]:
    """Return a long flow list over several lines."""
    return list(_fold(line, indent))


def _fold(line: str, indent: str) -> Iterator[str]:
    while len(line) > WIDTH:
        cut = line.rfind(", ", 0, WIDTH)
        if cut < 0:
            break
        yield line[: cut + 1]
        line = f"{indent}  {line[cut + 2 :]}"
    yield line
