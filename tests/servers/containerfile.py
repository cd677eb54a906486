"""Containerfile: read as the engines read it, as far as images/Containerfile goes; anything further is refused."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

KNOWN = ("ARG", "FROM", "RUN", "COPY", "ENV", "LABEL", "WORKDIR", "USER", "ENTRYPOINT", "CMD")


@dataclass(frozen=True)
class Copy:
    """One COPY: from the build context, or out of another stage."""

    sources: tuple[str, ...]
    target: str
    stage: str = ""


@dataclass
class Stage:
    """One FROM and what follows; what it inherits from a stage is in it."""

    name: str
    parent: str
    base: str
    """The image of other people that it stands on."""
    environment: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    runs: list[list[str]] = field(default_factory=list)
    own_runs: list[tuple[str, list[str]]] = field(default_factory=list)
    """(user, words) of this stage alone."""
    user: str = "0:0"
    folder: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def read(path: Path) -> dict[str, Stage]:
    """Every stage by name, in order."""
    stages: dict[str, Stage] = {}
    arguments: dict[str, str] = {}
    stage: Stage | None = None
    for word, rest in instructions(path.read_text(encoding="utf-8")):
        if word not in KNOWN:
            raise ValueError(f"{path.name}: {word} is not known to this reader")
        if word == "ARG":
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif word == "FROM":
            stage = _begin(rest, arguments, stages)
            stages[stage.name] = stage
        elif stage is None:
            raise ValueError(f"{path.name}: {word} before FROM")
        else:
            _take(stage, word, rest)
    return stages


def instructions(text: str) -> list[tuple[str, str]]:
    """(word, rest) of each instruction; comments gone, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    pairs = (line.strip().partition(" ") for line in joined.splitlines() if line.strip())
    return [(word.upper(), rest.strip()) for word, _, rest in pairs]


def _begin(rest: str, arguments: dict[str, str], stages: dict[str, Stage]) -> Stage:
    source, _, name = rest.partition(" AS ")
    source = re.sub(r"\$\{(\w+)\}", lambda match: arguments[match.group(1)], source)
    parent = stages.get(source)
    if parent is None:
        return Stage(name, "", source)
    return Stage(
        name, parent.name, parent.base, dict(parent.environment), dict(parent.labels), list(parent.copies),
        list(parent.runs), [], parent.user, parent.folder, list(parent.entrypoint), list(parent.command),
    )  # fmt: skip


def _take(stage: Stage, word: str, rest: str) -> None:
    if word in ("ENV", "LABEL"):
        pairs = dict(part.split("=", 1) for part in shlex.split(rest))
        (stage.environment if word == "ENV" else stage.labels).update(pairs)
    elif word == "COPY":
        flags = dict(part[2:].split("=", 1) for part in rest.split() if part.startswith("--"))
        *sources, target = (part for part in rest.split() if not part.startswith("--"))
        stage.copies.append(Copy(tuple(sources), _under(stage.folder, target, sources), flags.get("from", "")))
    elif word == "RUN":
        # The form without a shell is the only one that is used.
        words = json.loads(rest)
        stage.runs.append(words)
        stage.own_runs.append((stage.user, words))
    elif word in ("ENTRYPOINT", "CMD"):
        setattr(stage, "entrypoint" if word == "ENTRYPOINT" else "command", json.loads(rest))
    else:
        setattr(stage, {"WORKDIR": "folder", "USER": "user"}[word], rest)


def _under(folder: str, target: str, sources: list[str]) -> str:
    where = target if target.startswith("/") else f"{folder.rstrip('/')}/{target}"
    if where.endswith(("/.", "./")):
        where = where.rstrip(".").rstrip("/") + "/"
    # A file goes into a folder, a folder's content becomes it.
    is_file = len(sources) == 1 and not sources[0].endswith("/")
    return where + Path(sources[0]).name if is_file and where.endswith("/") else where


class Ignored:
    """.dockerignore: which files of the build context an engine leaves out; the last rule that fits decides."""

    def __init__(self, path: Path) -> None:
        lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
        self._rules = [line for line in lines if line and not line.startswith("#")]

    def __call__(self, name: str) -> bool:
        out = False
        for rule in self._rules:
            if _fits(name, rule.removeprefix("!")):
                out = not rule.startswith("!")
        return out


def _fits(name: str, rule: str) -> bool:
    parts = Path(name).parts
    heads = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    if rule.startswith("**/"):
        return any(fnmatch.fnmatchcase(part, rule[3:]) for part in parts)
    return any(("/" not in head and fnmatch.fnmatchcase(head, rule)) or head == rule for head in heads)
