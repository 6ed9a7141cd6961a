"""The failure of a command: a short message on stderr that names the fault and the way out, and an exit code.

The exit code is 2 for wrong usage (as typer has it), 1 for every other failure and 130 after Ctrl-C. Only ``--debug``
shows a traceback.
"""

from __future__ import annotations

import traceback
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from rivers.exceptions import RiversError, is_of_rivers, public_name


class CliFailure(RiversError):
    """A failure with a known cause. ``message`` may have several lines; ``last_line`` is printed bare after them."""

    def __init__(self, message: str, *, last_line: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.last_line = last_line


def _switch_debug_on(ctx: typer.Context, value: bool) -> bool:
    if value:
        ctx.find_root().obj = "debug"
    return value


DebugOption = Annotated[
    bool, typer.Option("--debug/--no-debug", callback=_switch_debug_on, help="Show the traceback when something fails.")
]


class FailureReportingGroup(TyperGroup):
    """The root group of commands. It turns what a command raises into a message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        :raises typer.Exit: when it fails, with the exit code
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # typer knows how to end quietly when the reader of stdout has gone
        except Exception as error:
            if isinstance(error, (typer.Exit, typer.Abort)) or hasattr(error, "show"):
                raise  # usage errors show themselves
            report(error, debug=ctx.find_root().obj == "debug")
            raise typer.Exit(1) from None


def report(error: Exception, *, debug: bool) -> None:
    """Print ``error`` on stderr in the form that users are to read."""
    if debug and (error.__cause__ is not None or not isinstance(error, CliFailure)):
        # The place where a command noticed a known failure tells nobody anything; the cause may.
        typer.echo("".join(traceback.format_exception(error.__cause__ or error)), err=True, nl=False)
    typer.echo(f"Error: {describe(error)}", err=True)
    if isinstance(error, CliFailure) and error.last_line is not None:
        typer.echo(error.last_line, err=True)


def describe(error: BaseException) -> str:
    """Return the message for an exception: its type and text, and for an unforeseen one how to see the traceback."""
    if isinstance(error, BaseExceptionGroup):
        from rivers.daemons.failures import innermost  # only a group needs it

        error = innermost(cast("BaseExceptionGroup[BaseException]", error))
    if isinstance(error, CliFailure):
        return error.message
    text = f"{public_name(error)}: {error}"
    if is_of_rivers(error) or isinstance(error, OSError):
        return text
    return f"{text}\n  (run again with --debug for the traceback)"
