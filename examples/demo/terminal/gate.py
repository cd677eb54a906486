"""Gate: shows a person the evidence and where to answer, or answers as the demo's automatic responder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from examples.demo.terminal.addresses import candidate_page, gate_page, run_page
from examples.demo.terminal.api import Api
from examples.demo.terminal.board import Board
from examples.demo.terminal.deployment import APPROVER, RESPONDER
from examples.demo.terminal.task_log import DagRun
from simgate.release.candidate import CandidateEntry

SETTLE_S = 3.0
"""An answer within about a second of the question can fail the run; three are safe."""
REASON = "the demo's responder: nobody looked at the evidence"


@dataclass
class Gate:
    """The gate of one release run."""

    api: Api
    """In the responder's name."""
    dag_run: DagRun
    url: str
    password: str
    """The release manager's."""
    answer: str
    """The responder's answer; empty: a person answers."""
    candidate: Callable[[], CandidateEntry | None]
    """The candidate that it asks about, once it has asked."""
    _asked_s: float = field(default=0.0, init=False)
    _answered: bool = field(default=False, init=False)

    def __call__(self, board: Board) -> None:
        """Tell the person once while the gate waits, or answer for the responder once the question has settled."""
        if self._answered or not self.waits():
            return
        if not self._asked_s:
            self._asked_s = time.monotonic()
            self._tell(board)
        elif self.answer and time.monotonic() - self._asked_s >= SETTLE_S:
            self.api.answer_gate(self.dag_run.dag, self.dag_run.run, self.answer, REASON)
            self._answered = True
            board.say(f"[green]answered {self.answer}[/] by the automatic responder ({RESPONDER})")

    def waits(self) -> bool:
        """Return whether the question is open."""
        return self.api.gate_waits(self.dag_run.dag, self.dag_run.run)

    def _tell(self, board: Board) -> None:
        dag, run = self.dag_run.dag, self.dag_run.run
        board.say("\n[bold yellow]A model waits for a decision.[/]")
        if (candidate := self.candidate()) is not None:
            board.say(f"Its evidence, beside what is live:\n  {candidate_page(self.url, candidate.digest)}")
        board.say(f"Every report of its run:\n  {run_page(self.url, dag, run)}")
        if self.answer:
            board.say("nobody is here to be asked, so the demo's responder answers\n")
            return
        board.say(f"[bold]Approve or reject it here, with a reason:[/]\n  {gate_page(self.url, dag, run)}")
        board.say(f"  user [bold]{APPROVER}[/]   password [bold]{self.password}[/]\n")
