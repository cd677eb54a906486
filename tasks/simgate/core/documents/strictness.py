"""Strictness: which way a spec's field is stricter, declared beside the field, so that no reader has to guess."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

EACH = "*"
"""The bound of a field that is a mapping of metrics by name: each of them is bounded."""

Way = Literal["lower", "higher", "equal", "free"]


@dataclass(frozen=True, slots=True)
class Stricter:
    """One declaration, in a field's `Annotated[…]`. A field that carries none must be equal."""

    way: Way
    bounds: tuple[str, ...] = ()
    """Metrics of the stage's verdict that the field bounds: from below where higher is stricter, else from above."""
    why: str = ""
    """Of `free`: why a run may choose it."""

    @property
    def bounds_each(self) -> bool:
        """Whether the field is a mapping that bounds the metrics that it names."""
        return self.bounds == (EACH,)

    def __post_init__(self) -> None:
        if (self.way == "free") != bool(self.why):
            raise ValueError(f"{self.way}: a free field has a reason, the others have none")
        if self.bounds and self.way not in ("lower", "higher"):
            raise ValueError(f"a field that is stricter {self.way} bounds no metric")


EQUAL = Stricter("equal")
"""Neither way is stricter, or both ways ask something else: a candidate is asked exactly the same."""


def lower(*bounds: str) -> Stricter:
    """Declare that lower asks more; the field bounds those metrics from above."""
    return Stricter("lower", bounds)


def higher(*bounds: str) -> Stricter:
    """Declare that higher asks more; the field bounds those metrics from below."""
    return Stricter("higher", bounds)


def free(why: str) -> Stricter:
    """Declare that a run may choose the field either way, for this reason."""
    return Stricter("free", why=why)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field that holds a value, at whatever depth of a spec."""

    path: str
    """Dotted, e.g. `limits.speed_m_s`."""
    declared: Stricter | None
    """None where nobody said which way is stricter."""

    @property
    def stricter(self) -> Stricter:
        """The declaration; `EQUAL` without one."""
        return self.declared or EQUAL


def leaves(model: type[BaseModel], path: str = "") -> Iterator[Leaf]:
    """Yield every field of a document and of the documents in it; a field's own declaration goes before theirs."""
    for name, field in model.model_fields.items():
        declared = next((item for item in field.metadata if isinstance(item, Stricter)), None)
        nested = document_in(field.annotation)
        if declared is None and nested is not None:
            yield from leaves(nested, f"{path}{name}.")
        else:
            yield Leaf(f"{path}{name}", declared)


def document_in(annotation: Any) -> type[BaseModel] | None:
    """Return the document that a field of this type holds, `X | None` included; None where it holds a value or many."""
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    held = (option for option in options if isinstance(option, type) and issubclass(option, BaseModel))
    return next(held, None)
