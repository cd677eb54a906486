"""Compose: docker-compose.yml with its variables filled in, as docker's client does it. Unknown keys are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:-|:\?)([^}]*))?\})")
KNOWN = {
    "image", "user", "command", "environment", "volumes", "tmpfs", "networks", "ports", "healthcheck", "depends_on",
    "deploy", "read_only", "cap_drop", "security_opt", "init", "restart", "logging", "stop_grace_period", "shm_size",
}  # fmt: skip
"""Keys of a service that the tests understand."""


class Refused(Exception):
    """Compose does not start with this."""


def read(path: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """The whole document."""
    document = _filled(yaml.safe_load(path.read_text(encoding="utf-8")), variables)
    for name, service in document["services"].items():
        if unknown := service.keys() - KNOWN:
            raise Refused(f"service {name}: the tests do not know {sorted(unknown)}")
    found: dict[str, Any] = document
    return found


def variables_of(path: Path) -> dict[str, str]:
    """An .env file."""
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, variables) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, variables) for item in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda match: _variable(match, variables), value)
    return value


def _variable(match: re.Match[str], variables: Mapping[str, str]) -> str:
    dollar, name, operator, word = match.groups()
    if dollar:
        return "$"
    value = variables.get(name, "")
    if value:
        return value
    if operator == ":?":
        raise Refused(f"required variable {name} is missing a value: {word}")
    return word if operator == ":-" else ""


def mounts(service: Mapping[str, Any]) -> list[tuple[str, str, str, bool]]:
    """(volume, folder in it, where, read-only) of a service."""
    found = []
    for item in service.get("volumes", ()):
        if isinstance(item, str):
            source, target, *mode = item.split(":")
            found.append((source, "", target, mode == ["ro"]))
        else:
            subpath = item.get("volume", {}).get("subpath", "")
            found.append((item["source"], subpath, item["target"], item.get("read_only", False)))
    return found


def scratch(service: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(where, mount options) of a service's own small file systems."""
    return [(text.partition(":")[0], text.partition(":")[2]) for text in service.get("tmpfs", ())]


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """A service's variables; every value is text already, or YAML has made something else of it."""
    found = service.get("environment", {})
    wrong = [name for name, value in found.items() if not isinstance(value, str)]
    if wrong:
        raise Refused(f"not text, so that YAML decides what it is: {wrong}")
    return dict(found)
