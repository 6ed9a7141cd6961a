"""The commands of ``rivers``, in the order in which ``rivers --help`` lists them."""

from __future__ import annotations

from typing import Annotated

import typer

from rivers import __version__
from rivers.cli import automations, db, materialize, runs, serve, ticks
from rivers.cli.failures import DebugOption, FailureReportingGroup

app = typer.Typer(
    cls=FailureReportingGroup,
    help="rivers: a data-asset orchestrator.",
    no_args_is_help=True,
    # Help and usage errors are plain text: importing rich would add 100 ms to the answer to a mistyped option.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"rivers {__version__}")
        raise typer.Exit()


@app.callback()
def rivers(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """rivers: a data-asset orchestrator."""


app.command()(serve.serve)
app.command()(materialize.materialize)
app.add_typer(automations.app, name="automations")
app.command()(ticks.ticks)
app.add_typer(runs.app, name="runs")
app.add_typer(db.app, name="db")
