"""Hello: what a worker says first, when it is ready; the other end checks protocol and role before anything else."""

from __future__ import annotations

from simgate.worker.fault import OtherProtocol
from simgate.worker.message import Message

PROTOCOL = 1
"""Raised when an older end would misread a newer one."""
KIND = "hello"


def hello(role: str) -> Message:
    """Say that a worker of this role is ready."""
    return Message(KIND, {"protocol": PROTOCOL, "role": role})


def check_hello(message: Message, *, name: str, role: str) -> None:
    """Refuse a worker that speaks another protocol, or serves something else than `role`."""
    found = (message.body.get("protocol"), message.body.get("role"))
    if message.kind != KIND or found != (PROTOCOL, role):
        raise OtherProtocol(
            f"{name} speaks another protocol, or is something else",
            actual=f"{message.kind} of {found[1]}, protocol {found[0]}"[:200],
            expected=f"{KIND} of {role}, protocol {PROTOCOL}",
            remedy="install the simgate of this process at the other end too",
        )
