"""Spec: the request to a stage. It holds no refs; everything that changes a result is in it, and nothing else."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.strictness import EQUAL, higher

PackageName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?$")]
Kind = Annotated[str, Field(pattern=r"^[a-z]([a-z ]{0,98}[a-z])?$")]
Pin = Annotated[str, Field(max_length=500), higher()]
"""A pin asks more than none; another pin asks something else."""


class EnvironmentPins(Document):
    """Pins of the machine that a stage runs on. A machine that differs is refused, every difference named; an empty
    field pins nothing.
    """

    gpu_driver: Pin = ""
    """Version of the NVIDIA kernel driver."""
    cpu: Pin = ""
    """Architecture and instruction sets as `observed.json` says them, e.g. `x86_64 avx avx2 f16c fma sse4_2`: for what
    the CPU decides, as a picture that was rendered on it."""
    cuda: Annotated[dict[PackageName, Pin], higher()] = Field(default_factory=dict, max_length=100)
    """Version of the CUDA runtime by library that brings one, e.g. `13.0`."""
    image: Pin = ""
    """Container image by digest, `<repository>@sha256:<64 hexadecimal digits>`."""
    named: Annotated[dict[Kind, Pin], higher()] = Field(default_factory=dict, max_length=100)
    """Name and version of what the spec names, by kind: simulator, model family, engine target."""
    packages: Annotated[dict[PackageName, Pin], higher()] = Field(default_factory=dict, max_length=500)
    """Installed version by package, e.g. `numpy: 2.4.6`; a local build (`2.4.6+cpu`) counts as its version."""


def _pins_nothing(pins: EnvironmentPins) -> bool:
    return pins == EnvironmentPins()


OptionalPins = Annotated[EnvironmentPins, Field(exclude_if=_pins_nothing)]
"""Without a pin the field is not written at all: a document has the same bytes, and results of it the same content
digest, as before there were pins."""


class Spec(Document):
    """One subclass per stage; every field has its unit in the name, a docstring, and says which way it is stricter."""

    zero_metrics: ClassVar[tuple[str, ...]] = ()
    """Metrics of the stage's verdict that are 0 where it says PASS, whatever was asked."""

    version: Annotated[Literal[1], EQUAL] = 1
    """Version of this spec's format."""
    environment: OptionalPins = EnvironmentPins()
    """Pins of the machine and its libraries: a part of the key."""

    @property
    def on_gpu(self) -> bool:
        """Whether the work is done on a GPU, whose time is counted."""
        return False
