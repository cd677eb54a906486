"""Faults: each way in which a worker can fail, one error each.

WorkerFault         a worker did not do its work; exit 1, may be retried
├── Crashed         it ended with a code other than 0, or by a signal
├── EndedEarly      it ended with exit code 0, with no word
├── Closed          it closed its channel and lives on
├── SlowStart       it was not ready in time
├── Hung            it did not answer in time
├── Deaf            it no longer reads its messages
├── Chatty          it said something that nobody asked for
├── Garbled         it sent bytes that follow no rule of the channel
│   └── Oversized   it announced a frame that is larger than any may be
└── OtherProtocol   it speaks another protocol, or has another role
"""

from __future__ import annotations

from simgate.core.errors import SimgateError


class WorkerFault(SimgateError):
    """A worker did not do its work."""


class Crashed(WorkerFault):
    """The worker ended with a code other than 0, or by a signal."""


class EndedEarly(WorkerFault):
    """The worker ended with exit code 0 before its work was done."""


class Closed(WorkerFault):
    """The worker closed its channel and lives on."""


class SlowStart(WorkerFault):
    """The worker was not ready in time; a loaded machine can cause that."""


class Hung(WorkerFault):
    """The worker did not answer in time."""


class Deaf(WorkerFault):
    """The worker no longer reads its messages."""


class Chatty(WorkerFault):
    """The worker sent a message that nobody asked for."""


class Garbled(WorkerFault):
    """The worker sent bytes that break the rules of the channel."""


class Oversized(Garbled):
    """The worker announced a frame above the size limit."""


class OtherProtocol(WorkerFault):
    """The worker speaks another protocol than this process, or serves another role."""
