"""Row: one thing that a spec may name, and where it lives. Table: all rows of one kind, ours and other people's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from typing import Generic, TypeVar

from simgate.core.errors import InputError

OURS = "simgate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that a spec may name."""

    name: str
    """As specs and recipes write it."""
    module: str
    """Module that does the work, imported where it is done: `simgate.sim.newton`."""
    extra: str
    """Lock slice that it needs, `locks/<extra>.txt`; empty where the stage's own is enough."""
    image: str = ""
    """Image that it runs in as a pod; empty where the stage's own is enough."""
    distribution: str = OURS
    """Distribution that it comes from: its version and the digests of its files join the key of what it makes."""


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """All rows of one kind."""

    kind: str
    """In messages: `simulator`."""
    row_type: type[R]
    group: str
    """Entry-point group by which another distribution adds rows; each entry point is one row object. Empty:
    nobody may."""
    ours: tuple[R, ...]
    _outside: dict[str, R] = field(default_factory=dict, compare=False, repr=False)

    def find(self, name: str) -> R:
        """Find a row; an unknown name is refused with the names there are."""
        for row in self.ours:
            if row.name == name:
                return row
        if name not in self._outside:
            self._load(name)
        return self._outside[name]

    def names(self) -> tuple[str, ...]:
        """Name every row, ours first; other people's code is not loaded for it."""
        own = tuple(row.name for row in self.ours)
        return (*own, *sorted({point.name for point in self._points()} - set(own)))

    def all(self) -> tuple[R, ...]:
        """Every row, other people's loaded."""
        return tuple(self.find(name) for name in self.names())

    def _points(self) -> Iterator[metadata.EntryPoint]:
        return iter(metadata.entry_points(group=self.group) if self.group else ())

    def _load(self, name: str) -> None:
        found = [point for point in self._points() if point.name == name]
        if len(found) != 1:
            raise InputError(
                f"no such {self.kind}" if not found else f"{len(found)} distributions bring this {self.kind}",
                actual=name,
                expected=" | ".join(self.names()),
                remedy=f"install the one distribution that has it as an entry point of {self.group}" * bool(self.group),
            )
        row = found[0].load()
        if not isinstance(row, self.row_type) or row.name != name:
            raise InputError(
                f"entry point {name} of {self.group} is no row of this name",
                actual=repr(row)[:120],
                expected=f"a {self.row_type.__name__} called {name}",
                remedy="ask its author",
            )
        self._outside[name] = row
