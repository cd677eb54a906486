"""Policy YAML: bounded, safe, and without a key that is there twice."""

from __future__ import annotations

import json
from typing import Any

import yaml

from simgate.core.errors import InputError

MAX_POLICY_BYTES = 1_000_000


def read_yaml(data: bytes, *, what: str) -> Any:
    """Its value as JSON has it; the error names the line."""
    if len(data) > MAX_POLICY_BYTES:
        raise InputError(f"{what} is too large", actual=len(data), expected=f"at most {MAX_POLICY_BYTES} bytes")
    try:
        value = yaml.load(data, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{what} is not YAML: {error}") from error
    try:
        # YAML reads a bare date as a date; documents have text, which pydantic reads.
        return json.loads(json.dumps(value, default=lambda item: item.isoformat()))
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{what} holds what JSON does not: {error}") from error


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice: YAML lets the second win, and a reader may believe the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As the safe loader does; what `<<` brings in may be overridden."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"{twice} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)
