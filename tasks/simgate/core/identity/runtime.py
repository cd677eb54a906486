"""Runtime: the code, libraries and distributions that one run needs, and the image that has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The code, libraries and image that a stage needs for one spec."""

    modules: tuple[str, ...]
    """Modules whose closure is the code digest: the stage's, then those that its spec names."""
    extras: tuple[str, ...]
    """Lock slices: the stage's, then those of what its spec names."""
    image: str
    """Image that it runs in as a pod."""
    distributions: tuple[str, ...] = ()
    """Other people's distributions, by name."""
    named: Mapping[str, tuple[str, str]]
    """Rows that the spec names, by kind: name, and the package whose version counts (may be empty)."""
    cuda: Callable[[], Mapping[str, str]] = dict
    """Looks up the CUDA runtime of each library that has one and is known by now."""
