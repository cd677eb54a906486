"""Worker: messages to one worker and back, each within its time; every way of failing is one error of `fault.py`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import NoReturn

from simgate.core.errors import InputError, OutsideFault
from simgate.worker.channel import END, REFUSED, THEIRS
from simgate.worker.fault import Chatty, Garbled, Hung, SlowStart, WorkerFault
from simgate.worker.hello import check_hello
from simgate.worker.message import Message
from simgate.worker.transport import Transport


@dataclass(frozen=True, slots=True)
class Patience:
    """Time limits of a worker."""

    start_limit_s: float
    answer_limit_s: float
    """For each message that it owes."""


class Worker:
    """One worker that speaks messages; it is greeted by the first `ask`."""

    def __init__(self, transport: Transport, role: str, patience: Patience) -> None:
        self.transport = transport
        self._role = role
        self._patience = patience
        self._greeted = False
        self._owes = False
        self._deadline_s = time.monotonic() + patience.start_limit_s

    def ask(self, message: Message) -> None:
        """Send a message; its answers come from `hear`, until `end`."""
        self.transport.send(message.to_bytes())
        self._owes = True
        if self._greeted:
            self._deadline_s = time.monotonic() + self._patience.answer_limit_s

    @property
    def owes(self) -> bool:
        """Whether answers are still due."""
        return self._owes

    def hear(self, timeout_s: float) -> list[Message]:
        """Give the answers that came, after at most `timeout_s`; raises the worker's fault, or its refusal."""
        found: list[Message] = []
        for arrival in self.transport.poll(min(timeout_s, max(0.0, self._deadline_s - time.monotonic()))):
            found += self._take(self._read(arrival.payload))
        if self._owes and self.transport.fault is not None:
            raise self.transport.fault
        if self._owes and time.monotonic() >= self._deadline_s:
            self._fail(self._late())
        return found

    def _take(self, message: Message) -> Iterator[Message]:
        if not self._greeted:
            self._greet(message)
        elif not self._owes:
            self._fail(Chatty(f"{self.transport.name} said something that nobody asked for", actual=message.kind[:40]))
        elif message.kind == REFUSED:
            raise InputError(str(message.body.get("why", ""))[:4000])
        elif message.kind == THEIRS:
            raise OutsideFault(str(message.body.get("why", ""))[:4000])
        elif message.kind == END:
            self._owes = False
        else:
            yield message
        self._deadline_s = time.monotonic() + self._patience.answer_limit_s

    def _greet(self, message: Message) -> None:
        try:
            check_hello(message, name=self.transport.name, role=self._role)
        except WorkerFault as fault:
            self._fail(fault)
        self._greeted = True

    def _read(self, payload: bytes) -> Message:
        try:
            return Message.from_bytes(payload)
        except Garbled as error:
            self._fail(Garbled(f"{self.transport.name} sent garbage: {error}"))

    def _late(self) -> WorkerFault:
        name = self.transport.name
        if not self._greeted:
            limit_s = self._patience.start_limit_s
            return SlowStart(f"{name} was not ready in time", actual=f"more than {limit_s:g} s")
        return Hung(f"{name} did not answer in time", actual=f"more than {self._patience.answer_limit_s:g} s")

    def _fail(self, fault: WorkerFault) -> NoReturn:
        self.transport.blame(fault)
        raise fault


def answers(workers: Sequence[Worker], *, look_s: float = 0.5) -> Iterator[Message]:
    """Give every answer that the workers owe, as they come; the first fault ends it."""
    while waiting := {worker.transport.fileno(): worker for worker in workers if worker.owes}:
        wait(list(waiting), look_s)
        for worker in waiting.values():
            yield from worker.hear(0.0)
