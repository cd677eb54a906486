"""Document: the form of every spec and file of ours: frozen, versioned, closed to unknown fields."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from simgate.core.documents.canonical import canonical_json, parse_json
from simgate.core.errors import InputError


class Document(BaseModel):
    """Frozen pydantic data with one canonical spelling."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="constants")

    def to_json(self) -> bytes:
        """Return the canonical bytes."""
        return canonical_json(self.model_dump(mode="json"))

    @classmethod
    def from_json(cls, data: bytes, *, what: str) -> Self:
        """Parse untrusted bytes; the error names the first wrong field, its value and what was expected."""
        return cls.from_value(parse_json(data, what=what), what=what)

    @classmethod
    def from_value(cls, value: Any, *, what: str) -> Self:
        """Validate an untrusted JSON value."""
        try:
            return cls.model_validate_json(canonical_json(value, what=what), strict=True)
        except ValidationError as error:
            raise InputError(
                f"{what}: {_first(error)}", remedy=f"see the fields of {cls.__name__} in its docstring"
            ) from error


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in detail["loc"]) or "(document)"
    shown = repr(detail["input"])[:120]
    return f"field {field}: got {shown}: {detail['msg']}"
