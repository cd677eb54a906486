"""Row: one thing that a spec may name, and where it lives. Table: all rows of one kind, ours and other people's."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module, metadata
from types import ModuleType
from typing import Generic, TypeVar

from simgate.core.errors import InputError
from simgate.core.identity.distribution import holds
from simgate.core.runtime.origin import Origin, remember

OURS = "simgate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry that a spec may name."""

    name: str
    """The name in specs and recipes."""
    module: str
    """Module that does the work, imported where it is done: `simgate.sim.newton`."""
    extra: str
    """Lock slice that it needs, `locks/<extra>.txt`; empty where the stage's own is enough."""
    image: str = ""
    """Image that it runs in as a pod; empty where the stage's own is enough."""
    package: str = ""
    """Package whose version `observed.json` says and a spec may pin; empty for none but its own distribution."""
    distribution: str = OURS
    """Distribution that it comes from, as its entry point says: its version and the digests of its files join the key
    of what it makes."""

    def modules_of(self, stage: str) -> tuple[str, ...]:
        """Name the modules whose code decides the stage's bytes."""
        del stage
        return (self.module,)


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """All rows of one kind."""

    kind: str
    """In messages: `simulator`."""
    row_type: type[R]
    group: str
    """Entry-point group by which another distribution adds rows; each entry point is one row object. Empty: nobody
    may."""
    ours: tuple[R, ...]
    _outside: dict[str, R] = field(default_factory=dict, compare=False, repr=False)

    def find(self, name: str) -> R:
        """Find a row; an unknown name is refused with the names there are."""
        for row in self.ours:
            if row.name == name:
                return row
        if name not in self._outside:
            self._outside[name] = self._load(name)
        return self._outside[name]

    def has(self, name: str) -> bool:
        """Return whether there is a row of that name; other people's code is not loaded for it."""
        return any(row.name == name for row in self.ours) or name in self.names()

    def names(self) -> tuple[str, ...]:
        """Name every row, ours first; other people's code is not loaded for it."""
        own = tuple(row.name for row in self.ours)
        return (*own, *sorted({point.name for point in self._points()} - set(own)))

    def all(self) -> tuple[R, ...]:
        """Return every row, other people's loaded."""
        return tuple(self.find(name) for name in self.names())

    @property
    def remedy(self) -> str:
        """Say what to do where a name is missing."""
        return f"install the one distribution that has it as an entry point of {self.group}" * bool(self.group)

    def module(self, name: str, part: str = "") -> ModuleType:
        """Import the module that a row names, or a part of that folder."""
        row = self.find(name)
        return self.imported(row, f"{row.module}.{part}" if part else row.module)

    def imported(self, row: R, module: str) -> ModuleType:
        """Import a module of a row; an error in another distribution's module names that distribution."""
        try:
            return import_module(module)
        except Exception as error:
            if row.distribution != OURS:
                raise self._broken(row.name, row.distribution, error) from error
            if not _is_missing(module, error):
                raise
            raise InputError(
                f"this build has no {self.kind} {row.name}", actual=f"no module {module}",
                remedy=f"use another {self.kind}, or a build that has it",
            ) from error  # fmt: skip

    def _broken(self, name: str, owner: str, error: Exception) -> InputError:
        """Turn another distribution's error into one that names it."""
        said = f"{self.kind} {name} of distribution {owner} cannot be loaded: {error!r}"
        return InputError(said, remedy=f"ask the author of {owner}")

    def _points(self) -> tuple[metadata.EntryPoint, ...]:
        return _entry_points(self.group, tuple(sys.path)) if self.group else ()

    def _load(self, name: str) -> R:
        point = self._point(name)
        owner = point.dist.name if point.dist else "an unknown distribution"
        if owner.lower().replace("_", "-") == OURS:
            raise InputError(
                f"a distribution that calls itself {OURS} brings {self.kind} {name}", actual=point.value,
                expected="a name of its own, under which its files join the key", remedy="ask its author",
            )  # fmt: skip
        try:
            row = point.load()
        except Exception as error:
            raise self._broken(name, owner, error) from error
        if not isinstance(row, self.row_type) or row.name != name:
            raise InputError(
                f"entry point {name} of {self.group} in distribution {owner} is no row of this name",
                actual=repr(row)[:120],
                expected=f"a {self.row_type.__name__} called {name}",
                remedy="ask its author",
            )
        for module in (point.module, row.module, *row.modules_of("")):
            if module.partition(".")[0] != OURS and not holds(owner, module):
                raise InputError(
                    f"{self.kind} {name} of distribution {owner} names a module that is none of its files",
                    actual=module, expected=f"a module of {owner}, so that the key covers it", remedy="ask its author",
                )  # fmt: skip
        version = point.dist.version if point.dist else ""
        for module in {row.module, *row.modules_of("")}:
            remember(Origin(f"{self.kind} {name}", f"{name} of {self.group}", f"{owner} {version}".strip(), module))
        return replace(row, distribution=owner)

    def _point(self, name: str) -> metadata.EntryPoint:
        found = [point for point in self._points() if point.name == name]
        if len(found) == 1:
            return found[0]
        owners = " and ".join(sorted(point.dist.name for point in found if point.dist))
        raise InputError(
            f"distributions {owners} both bring this {self.kind}" if found else f"no such {self.kind}",
            actual=name,
            expected=" | ".join(self.names()),
            remedy=self.remedy,
        )


def _is_missing(module: str, error: Exception) -> bool:
    """Return whether an import failed because its module or a folder above is missing, not a library of its own."""
    return isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")


@cache
def _entry_points(group: str, _path: tuple[str, ...]) -> tuple[metadata.EntryPoint, ...]:
    """Read the entry points of all distributions on a path, once: searching some hundred of them is slow."""
    return tuple(metadata.entry_points(group=group))
