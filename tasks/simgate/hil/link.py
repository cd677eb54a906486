"""Link: how a bench reaches its device under test. Whether the bench is emulated is a fact of the link alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from simgate.core.errors import InputError
from simgate.engine.bundle import Bundle
from simgate.hil import device
from simgate.hil.wire import MAX_FRAME_BYTES
from simgate.specs.hil import BenchKind
from simgate.worker.process import Launch, ProcessTransport, module_command
from simgate.worker.transport import Transport

NAME = "device under test"
Opener = Callable[[Bundle], Transport]


def open_process(engine: Bundle) -> Transport:
    """Start the engine in a process of this machine: it stands in for a device."""
    engine.check_runtime()
    command = module_command(device.__name__, str(engine.folder))
    return ProcessTransport(Launch(NAME, command, max_frame_bytes=MAX_FRAME_BYTES))


OPENERS: Mapping[BenchKind, Opener] = MappingProxyType({"emulated": open_process})
"""Benches that this machine reaches."""


def check_bench(asked: BenchKind, openers: Mapping[BenchKind, Opener] = OPENERS) -> None:
    """Refuse a bench that this machine does not reach."""
    if asked not in openers:
        raise InputError("field bench: no device is attached", actual=asked, expected=" | ".join(openers))


def open_link(asked: BenchKind, engine: Bundle, openers: Mapping[BenchKind, Opener] = OPENERS) -> Transport:
    """Open the link to the bench that was asked for; a link that turns out to be another bench is refused."""
    check_bench(asked, openers)
    link = openers[asked](engine)
    if bench_of(link) != asked:
        link.close()
        raise InputError(
            "field bench: the link that was opened leads to another bench", actual=bench_of(link), expected=asked
        )
    return link


def bench_of(link: Transport) -> BenchKind:
    """Say which bench a link leads to."""
    return "emulated" if link.emulated else "device"
