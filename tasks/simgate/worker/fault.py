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
    """It ended with a code other than 0, or by a signal."""


class EndedEarly(WorkerFault):
    """It ended with exit code 0 before its work was done."""


class Closed(WorkerFault):
    """It closed its channel and lives on."""


class SlowStart(WorkerFault):
    """It was not ready in time: a loaded machine does that to an honest worker."""


class Hung(WorkerFault):
    """It did not answer in time."""


class Deaf(WorkerFault):
    """It no longer reads its messages."""


class Chatty(WorkerFault):
    """It said something that nobody asked for."""


class Garbled(WorkerFault):
    """It sent bytes that follow no rule of the channel."""


class Oversized(Garbled):
    """It announced a frame that is larger than any may be."""


class OtherProtocol(WorkerFault):
    """It speaks another protocol than this process, or serves something else."""
