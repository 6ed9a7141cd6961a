"""``rivers ticks`` lists what the automations decided, and why they skipped or failed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rivers.cli.failures import DebugOption
from rivers.cli.stores import DEFAULT_PATH, EndpointOption, StoragePathOption, inspect
from rivers.cli.tables import JsonOption, print_json, print_table, short_id, time_text


def ticks(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One automation; all when left out.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="How many, the newest first.")] = 20,
    storage_path: StoragePathOption = DEFAULT_PATH,
    surreal_endpoint: EndpointOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List ticks: when each automation was evaluated, what it asked for, why it skipped or failed."""
    with inspect(storage_path, surreal_endpoint) as store:
        found = store.ticks(name, limit)
        if name is not None and not found:
            # An automation may have no ticks yet, but one that does not exist is a slip of the pen.
            from rivers.cli.automations import require_known

            require_known(store.automations(), name)
    if as_json:
        print_json(found)
    elif not found:
        typer.echo("No ticks yet.")
    else:
        rows = [
            (time_text(tick["timestamp"]), tick["automation_name"], tick["status"], outcome_text(tick))
            for tick in found
        ]
        print_table(("TIME", "AUTOMATION", "STATUS", "OUTCOME"), rows, whole=(0, 2))


def outcome_text(tick: dict[str, Any]) -> str:
    """Return what a tick led to, in a few words."""
    if tick["error"] is not None:
        return tick["error"]
    if tick["skip_reason"] is not None:
        return tick["skip_reason"]
    run_ids = [short_id(run_id) for run_id in tick["run_ids"]]
    return f"run {', '.join(run_ids)}" if run_ids else "no new run"
