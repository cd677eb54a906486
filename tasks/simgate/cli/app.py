"""The commands of simgate; each imports what it needs when it runs."""

from __future__ import annotations

import typer

from simgate.cli import keys, ledger, policy, recipe, scenes, store
from simgate.cli.damage import naming_damage
from simgate.cli.decide import quarantine, rollback, waive
from simgate.cli.init import init
from simgate.cli.lineage import lineage
from simgate.cli.link import link
from simgate.cli.live import history, live
from simgate.cli.options import store_before_command
from simgate.cli.pipeline import pipeline
from simgate.cli.plan import plan
from simgate.cli.run import run
from simgate.cli.runs import runs, show
from simgate.cli.safety import safety
from simgate.cli.verify import verify
from simgate.cli.witness import witness

HELP = """simgate turns a change of a simulation scene into a released robot model, and proves every step of the way.

Exit codes

  0    done
  1    failed; the line on stderr says why
  2    wrong input, or a release rule said no
  3    damage in the store: found by verify, in a ledger, or skipped and named on stderr by plan, runs, show, lineage
  130  interrupted
  143  a stage was preempted after a checkpoint; run it again

The store is --store, before or after the command, else SIMGATE_STORE, else ./.simgate/store.
"""

app = typer.Typer(
    name="simgate", help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode="rich", context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
app.callback(help=HELP)(store_before_command)
app.add_typer(scenes.app, name="scenes")
for reader in (plan, runs, show, lineage):
    app.command()(naming_damage(reader))
for command in (init, run, link, verify, witness, live, history):
    app.command()(command)
for decision in (rollback, quarantine, waive):
    app.command()(decision)
app.command()(safety)
app.add_typer(ledger.app, name="ledger")
app.add_typer(store.app, name="store")
app.add_typer(keys.app, name="keys")
app.add_typer(policy.app, name="policy")
app.add_typer(recipe.app, name="recipe")
app.command(hidden=True)(pipeline)
