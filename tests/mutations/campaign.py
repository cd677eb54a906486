"""Campaign: mutations by seed and number, what every reader and some writers make of them, and a table of it."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from simgate.core.errors import SimgateError
from simgate.core.storage.journal import Journal
from tests.mutations.blunt import BLUNT, Mutation
from tests.mutations.evidence import EVIDENCE
from tests.mutations.fields import FIELDS
from tests.mutations.forgery import Forgery
from tests.mutations.history import HISTORY
from tests.mutations.honest import MODEL, Honest
from tests.mutations.memory_store import MemoryStore
from tests.mutations.readers import Reading, changed_unseen, read
from tests.mutations.remembered import remembered
from tests.mutations.writers import WRITERS, Writers

MUTATIONS: dict[str, Mutation] = {**BLUNT, **FIELDS, **HISTORY, **EVIDENCE}
TWICE = 0.15
"""How many mutations are two at once."""
WRITES = 0.3
"""How many are followed by an honest write."""
DECIDING = [name for name in WRITERS if name.startswith(("promote", "settle", "propose"))]
_NAMES = re.compile(r"[0-9a-f]{12,64}|\d+|'[^']*'|(runs|plans|approvals|policies)/\S+")


@dataclass(frozen=True)
class Mutated:
    """One mutated store."""

    name: str
    said: str
    forgery: Forgery


@dataclass
class Tally:
    """What became of all mutations."""

    mutations: int = 0
    parsed: int = 0
    """How many left a ledger of which every entry parses and follows the one before."""
    unchanged: int = 0
    """How many changed nothing that matters."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Which reader refused why."""
    writes: Counter[str] = field(default_factory=Counter)
    holes: list[str] = field(default_factory=list)

    def table(self) -> str:
        """What happened, for people."""
        lines = [
            f"{self.mutations} mutations; the ledger's chain fits in {self.parsed}, nothing that matters changed in "
            f"{self.unchanged}",
            *(f"{count:7}  {name}" for name, count in self.refusals.most_common(60)),
            *(f"{count:7}  {name}" for name, count in sorted(self.writes.items())),
        ]
        return "\n".join(lines)


def mutate(honest: Honest, seed: str, number: int) -> Mutated:
    """The mutation of that seed and number."""
    draws = random.Random(f"{seed}/{number}")
    forgery = Forgery(honest, draws)
    names = [draws.choice(list(MUTATIONS)) for _ in range(2 if draws.random() < TWICE else 1)]
    said: list[str] = []
    for name in names:
        before = dict(forgery.store.files)
        try:
            said.append(MUTATIONS[name](forgery))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            if len(said) == 0:
                raise
            said.append(f"not after the first: {error!r}")
        if forgery.by_right and len(names) > 1:
            # What the ledger's own key may do by itself is known; after another mutation it could mend that one.
            forgery.store.files.clear()
            forgery.store.files.update(before)
            said.append("taken back")
            break
    return Mutated(" + ".join(names), "; ".join(said), forgery)


def campaign(
    honest: Honest,
    seed: str,
    numbers: Iterable[int],
    also: Callable[[Mutated, Reading, int], Iterator[str]] | None = None,
) -> Tally:
    """Run mutations; `also` looks at each and names holes too."""
    tally = Tally()
    with remembered():
        for number in numbers:
            _one(honest, mutate(honest, seed, number), seed, number, also, tally)
    return tally


def _one(
    honest: Honest,
    mutated: Mutated,
    seed: str,
    number: int,
    also: Callable[[Mutated, Reading, int], Iterator[str]] | None,
    tally: Tally,
) -> None:
    reading = read(honest, mutated.forgery.store)
    holes = [*reading.holes, *_write(honest, mutated, reading, tally)]
    if also is not None:
        holes += also(mutated, reading, number)
    _count(tally, honest, mutated, reading)
    tally.holes += [f"seed {seed}, mutation {number} ({mutated.name}: {mutated.said}): {hole}" for hole in holes]


def _write(honest: Honest, mutated: Mutated, reading: Reading, tally: Tally) -> Iterator[str]:
    draws = mutated.forgery.draws
    holds = reading.state is not None and not reading.state.problem
    waits = mutated.forgery.touches_what_waits()
    if draws.random() > (WRITES if holds else WRITES / 3) * (2 if waits else 1):
        return
    name = draws.choice(DECIDING if waits else list(WRITERS))
    writing = Writers(honest, mutated.forgery.files).try_(name)
    tally.writes[f"{name}: {writing.ending}"] += 1
    yield from writing.holes


def _count(tally: Tally, honest: Honest, mutated: Mutated, reading: Reading) -> None:
    tally.mutations += 1
    tally.parsed += parses(mutated.forgery.store)
    tally.unchanged += not reading.refusal and not any(changed_unseen(honest, mutated.forgery.store))
    tally.refusals[_NAMES.sub("…", reading.refusal)[:110] or "nothing: all holds"] += 1


def parses(store: MemoryStore) -> bool:
    """Whether there is a ledger of which every entry can be read and follows the one before."""
    try:
        return len(list(Journal(store, f"ledger/{MODEL}").lines())) > 0
    except SimgateError:
        return False
