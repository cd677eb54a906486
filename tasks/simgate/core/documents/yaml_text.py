"""YAML text: bounded, safe, without a key that is there twice; an error names the line of a wrong field."""

from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from simgate.core.documents.canonical import canonical_json
from simgate.core.documents.document import Document
from simgate.core.errors import InputError

D = TypeVar("D", bound=Document)

MAX_YAML_BYTES = 1_000_000
MAX_NODES = 100_000
"""Values of a document, what an alias names counted each time: nine lines of aliases can name a billion."""
MAX_NUMBER_CHARACTERS = 100
"""Reading a number of a million digits takes hours."""


def read_yaml(data: bytes, *, what: str) -> Any:
    """Read YAML text as a JSON value; InputError names the line."""
    if len(data) > MAX_YAML_BYTES:
        raise InputError(f"{what} is too large", actual=len(data), expected=f"at most {MAX_YAML_BYTES} bytes")
    try:
        value = _value(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{what} is not YAML: {' '.join(str(error).split())}") from error
    try:
        # YAML reads a bare date as a date; documents have text, which pydantic reads.
        return json.loads(json.dumps(value, default=lambda item: item.isoformat()))
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{what} holds what JSON does not: {error}") from error


def file_bytes(path: Path) -> bytes:
    """Read a regular file, at most one byte more than a text may have; OSError for anything else, as a pipe."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    with path.open("rb") as file:
        return file.read(MAX_YAML_BYTES + 1)


def document_of(kind: type[D], value: Any, data: bytes, *, what: str, remedy: str) -> D:
    """Validate the value of a text; the error names the line, the field, its value, and what was expected."""
    try:
        return kind.model_validate_json(canonical_json(value, what=what), strict=True)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # A misspelt field is missing too: its own name says more.
        found = next((item for item in errors if item["type"] == "extra_forbidden"), errors[0])
        place = tuple(part for part in found["loc"] if not str(part).startswith("function-"))
        field = ".".join(str(part) for part in place) or "(the whole)"
        said = f"{what}, line {line_of(data, place)}: field {field}: {_words(found['msg'])}"
        raise InputError(said, actual=repr(found["input"])[:120], remedy=remedy) from error


def _words(message: str) -> str:
    """Put pydantic's words plainly."""
    plain = {"Extra inputs are not permitted": "there is no such field", "Field required": "it is missing"}
    return plain.get(message, message.removeprefix("Value error, "))


def line_of(data: bytes, place: Sequence[str | int]) -> int:
    """Find the line, counted from 1, on which a field stands, or the nearest mapping or list that should hold it."""
    node: yaml.Node | None = _Loader(data).get_single_node()
    line = node.start_mark.line if node else 0
    for part in place:
        key, node = _below(node, part)
        if node is None:
            break
        line = (key or node).start_mark.line
    return line + 1


def _below(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == part), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None, None


def _value(data: bytes) -> Any:
    loader = _Loader(data)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _Sizes().of(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


class _Sizes:
    """Counts the nodes of a document as if every alias were written out, before any value is built."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}
        """Nodes by identity; 0 while one is being counted."""

    def of(self, node: yaml.Node) -> int:
        """Count a node with all below it; an error names the line beyond MAX_NODES, and for a circle of aliases."""
        if id(node) not in self._known:
            self._known[id(node)] = 0
            self._known[id(node)] = 1 + sum(self.of(child) for child in _children(node))
        found = self._known[id(node)]
        if not 0 < found <= MAX_NODES:
            problem = (
                f"with its aliases written out it has more than {MAX_NODES} values" if found else "it holds itself"
            )
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return found


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if len(node.value) > MAX_NUMBER_CHARACTERS and node.tag.endswith((":int", ":float")):
        raise yaml.constructor.ConstructorError(None, None, "a number is too long", node.start_mark)
    return []


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice: YAML lets the second win, and a reader may believe the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that stands twice in a mapping; a key may override one that `<<` merges in."""
        seen: set[str] = set()
        for key in (key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key} is there twice", node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)
