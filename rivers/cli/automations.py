"""``rivers automations`` lists schedules and sensors, and pauses, resumes and resets them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from rivers.cli.failures import CliFailure, DebugOption
from rivers.cli.modules import RepoVarOption
from rivers.cli.stores import DEFAULT_PATH, EndpointOption, StoragePathOption, inspect
from rivers.cli.tables import JsonOption, print_json, print_table, time_text
from rivers.wording import did_you_mean

app = typer.Typer(
    help="List schedules and sensors; pause, resume and reset them.", no_args_is_help=True, rich_markup_mode=None
)


class Kind(StrEnum):
    """The kinds of automation that may share a name."""

    schedule = "schedule"
    sensor = "sensor"


NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the schedule or sensor.")]
OptionalModule = Annotated[
    str | None,
    typer.Argument(metavar="[MODULE]", help="The module that declares it; needed only when no server runs."),
]
KindOption = Annotated[
    Kind | None, typer.Option("--kind", help="Which one, when a schedule and a sensor share the name.")
]


@app.command("list")
def list_(
    module: OptionalModule = None,
    repo_var: RepoVarOption = "repo",
    storage_path: StoragePathOption = DEFAULT_PATH,
    surreal_endpoint: EndpointOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List schedules and sensors: status and why, last tick, cursor, next time.

    The status is followed by "(default)" when the code says so and by "(choice)" when a person has paused or resumed.
    """
    with inspect(storage_path, surreal_endpoint, module, repo_var) as store:
        found = store.automations()
    if as_json:
        print_json(found)
    elif not found:
        typer.echo("No automations." if module else "No automations; name the MODULE that declares them.")
    else:
        rows = [_row(each) for each in found]
        print_table(("KIND", "NAME", "STATUS", "LAST TICK", "NEXT", "CURSOR"), rows, whole=(0,))


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    cursor = each["cursor"] or "-"
    return each["kind"], each["name"], status_text(each), last_tick_text(each), next_text(each), cursor


def _add_choice(action: str, summary: str) -> None:
    """Add the command ``action``, which pauses, resumes or resets one automation."""

    @app.command(action, help=summary)
    def choose(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        name: NameArgument,
        module: OptionalModule = None,
        kind: KindOption = None,
        repo_var: RepoVarOption = "repo",
        storage_path: StoragePathOption = DEFAULT_PATH,
        surreal_endpoint: EndpointOption = None,
        as_json: JsonOption = False,
        debug: DebugOption = False,
    ) -> None:
        with inspect(storage_path, surreal_endpoint, module, repo_var) as store:
            chosen = resolve_name(store.automations(), name, None if kind is None else kind.value)
            after = store.choose(chosen["kind"], name, action)
        if as_json:
            print_json(after)
        else:
            typer.echo(f"{after['kind'].capitalize()} '{name}' is {status_text(after)}.")


_add_choice("pause", "Stop a schedule or sensor from firing, also after a restart, until it is resumed or reset.")
_add_choice(
    "resume", "Let a schedule or sensor fire from now on, whatever its default; what it passed over is not made up for."
)
_add_choice("reset", "Forget the choice: the default status of the code holds again.")


def resolve_name(automations: list[dict[str, Any]], name: str, kind: str | None) -> dict[str, Any]:
    """Return the automation of that name and kind.

    :raises CliFailure: when there is none, or more than one
    """
    matches = [each for each in automations if each["name"] == name and kind in (None, each["kind"])]
    if len(matches) > 1:
        raise CliFailure(f"'{name}' is both a schedule and a sensor\n  say which: --kind schedule or --kind sensor")
    if not matches:
        require_known(automations, name, kind)
    return matches[0]


def require_known(automations: list[dict[str, Any]], name: str, kind: str | None = None) -> None:
    """Raise :class:`CliFailure`, which offers near names, unless there is an automation of that name."""
    known = sorted({each["name"] for each in automations if kind in (None, each["kind"])})
    if name in known:
        return
    message = f"no {kind or 'schedule or sensor'} is named '{name}'"
    otherwise = "'rivers automations list' shows the names"
    if not known:
        otherwise = "the store knows none yet: give the MODULE that declares it after the name"
    raise CliFailure(message + (did_you_mean(name, known, "\n  ") or f"\n  {otherwise}"))


def status_text(automation: dict[str, Any]) -> str:
    """Return the effective status and its reason, such as ``stopped (choice)``."""
    if automation["status"] is None:
        return "as declared (default)"
    return f"{automation['status']} ({automation['why']})"


def last_tick_text(automation: dict[str, Any]) -> str:
    """Return the time and the status of the newest tick, ``-`` when there is none."""
    tick = automation["last_tick"]
    return "-" if tick is None else f"{time_text(tick['timestamp'])} {tick['status']}"


def next_text(automation: dict[str, Any]) -> str:
    """Return the time at which the automation fires next, ``-`` when it does not."""
    return time_text(automation["next_fire_at"])
