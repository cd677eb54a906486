"""Gate: shows a person where to answer, or answers as the demo's automatic responder."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from simgate.cli.demo.api import Api
from simgate.cli.demo.board import Board
from simgate.cli.demo.deployment import APPROVER, RESPONDER
from simgate.cli.demo.follow import DagRun

GATE_TASK = "decide"
SETTLE_S = 3.0
"""An answer within about a second of the question can fail the run; three are safe."""


@dataclass
class Gate:
    """The gate of one release run."""

    api: Api
    """In the responder's name."""
    dag_run: DagRun
    url: str
    password: str
    """The release manager's."""
    unattended: bool
    _asked_s: float = field(default=0.0, init=False)
    _answered: bool = field(default=False, init=False)

    def __call__(self, board: Board) -> None:
        """Called while the gate waits: tell the person once, or answer once it has settled."""
        if self._answered or not self.api.gate_waits(self.dag_run.dag, self.dag_run.run, GATE_TASK):
            return
        if not self._asked_s:
            self._asked_s = time.monotonic()
            self._tell(board)
        elif self.unattended and time.monotonic() - self._asked_s >= SETTLE_S:
            self.api.answer_gate(self.dag_run.dag, self.dag_run.run, GATE_TASK, "Approve")
            self._answered = True
            board.say(f"[green]answered[/] by the automatic responder ({RESPONDER}); only the channel demo takes that")

    def _tell(self, board: Board) -> None:
        if self.unattended:
            board.say("[yellow]an approval waits[/]; nobody is here, so the demo's responder will answer by REST")
            return
        board.say("[bold yellow]An approval waits for you.[/] Look at the evidence, then approve or reject:")
        board.say(f"  {self.url}/dags/{self.dag_run.dag}/runs/{self.dag_run.run}/tasks/{GATE_TASK}/required_actions")
        board.say(f"  user [bold]{APPROVER}[/]   password [bold]{self.password}[/]")
