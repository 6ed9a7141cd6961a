"""``rivers runs`` lists runs, shows one in detail and cancels one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rivers.cli.failures import CliFailure, DebugOption
from rivers.cli.stores import DEFAULT_PATH, EndpointOption, StoragePathOption, inspect
from rivers.cli.tables import JsonOption, one_line, print_json, print_table, short_id, time_text

app = typer.Typer(
    help="List runs; show one in detail, or cancel it.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@app.callback()
def runs(
    ctx: typer.Context,
    status: Annotated[str | None, typer.Option("--status", help="Only runs of this status, such as Failure.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="How many, the newest first.")] = 20,
    storage_path: StoragePathOption = DEFAULT_PATH,
    surreal_endpoint: EndpointOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List runs, the newest first; 'rivers runs show RUN_ID' shows one in detail."""
    if ctx.invoked_subcommand is not None:
        return
    wanted = None if status is None else _status(status)
    with inspect(storage_path, surreal_endpoint) as store:
        found = store.runs(wanted, limit)
    if as_json:
        print_json(found)
    elif not found:
        typer.echo("No runs yet." if wanted is None else f"No runs of status {wanted}.")
    else:
        rows = [
            (short_id(run["run_id"]), time_text(run["start_time"]), run["status"], listed_text(run), note_text(run))
            for run in found
        ]
        print_table(("RUN", "CREATED", "STATUS", "TARGET", "NOTE"), rows, whole=(0, 1, 2))


@app.command("show")
def show(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="The id, or its first characters.")],
    storage_path: StoragePathOption = DEFAULT_PATH,
    surreal_endpoint: EndpointOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show one run: its outcome, its events, what its steps printed, and the traceback of what failed."""
    with inspect(storage_path, surreal_endpoint) as store:
        run = store.run(run_id)
    if as_json:
        print_json(run)
        return
    _print_facts(run)
    if run["events"]:
        typer.echo("\nEvents:")
        for event in run["events"]:
            typer.echo(f"  {event_line(event)}")
    for log in run["logs"]:
        for stream in ("stdout", "stderr", "logs"):
            if log[stream]:
                typer.echo(f"\n{log['step']} ({stream}):\n{log[stream].rstrip()}")
    if run["traceback"]:
        typer.echo(f"\n{run['traceback'].rstrip()}")


@app.command("cancel")
def cancel(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="The id, or its first characters.")],
    storage_path: StoragePathOption = DEFAULT_PATH,
    surreal_endpoint: EndpointOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Cancel one run. A step that is executing goes on to its end, no further step is started."""
    with inspect(storage_path, surreal_endpoint) as store:
        run = store.run(run_id)
        if run["end_time"] is not None:
            raise CliFailure(f"run {short_id(run['run_id'])} has ended already, with status {run['status']}")
        status = store.cancel(run["run_id"])
    if as_json:
        print_json({"run_id": run["run_id"], "status": status})
    else:
        typer.echo(f"Run {short_id(run['run_id'])} is {status}.")


def _print_facts(run: dict[str, Any]) -> None:
    facts = [
        ("Run", run["run_id"]),
        ("Status", run["status"]),
        ("Target", target_text(run)),
        ("Launched by", launcher_text(run)),
        ("Created", time_text(run["start_time"])),
        ("Started", time_text(run["started_at"])),
        ("Ended", time_text(run["end_time"])),
    ]
    if run["partition_key"] is not None:
        facts.append(("Partition", run["partition_key"]))
    if run["tags"]:
        facts.append(("Tags", ", ".join(f"{key}={value}" for key, value in run["tags"].items())))
    if run["block_reason"] is not None:
        facts.append(("Waits for", run["block_reason"]))
    if run["error"] is not None:
        facts.append(("Error", run["error"]))
    for name, value in facts:
        typer.echo(f"{name + ':':<13}{one_line(value)}")


def event_line(event: dict[str, Any]) -> str:
    """Return an event as a line of text. Only ``--json`` shows the classes of an exception."""
    typed = event["event_type"] in ("Materialization", "Observation")
    metadata = " ".join(
        f"{key}={_plain(value).strip() if typed else value.strip()}"
        for key, value in event["metadata"]
        if key != "rivers/exc_type"
    )
    step = (event["step"] or "") + _partition_text(event)
    return one_line(f"{time_text(event['timestamp'])}  {event['event_type']:<16} {step} {metadata}")


def _plain(stored: str) -> str:
    """Return the part of a typed metadata value that a person wants to read: ``3`` of ``{"Int":{"value":3}}``."""
    from rivers.definitions.values.metadata_encoding import metadata_from_json

    try:
        return str(metadata_from_json(stored).raw_value())
    except (ValueError, TypeError, KeyError, ImportError):
        return stored


def target_text(run: dict[str, Any]) -> str:
    """Return the name of a run's job, or the names of its assets when it has no job."""
    return run["job_name"] or ", ".join(run["node_names"])


def listed_text(run: dict[str, Any]) -> str:
    """Return the target and the partitions of a run: ``nightly [2024-01-05]``."""
    return target_text(run) + _partition_text(run)


def _partition_text(document: dict[str, Any]) -> str:
    key = document["partition_key"]
    return "" if key is None else f" [{key}]"


def launcher_text(run: dict[str, Any]) -> str:
    """Return the origin of a run, such as ``schedule nightly``."""
    return " ".join(run["launched_by"].values())


def note_text(run: dict[str, Any]) -> str:
    """Return why a run failed or waits; without either, its origin."""
    return run["error"] or run["block_reason"] or launcher_text(run)


def _status(text: str) -> str:
    from rivers.records import RUN_STATUSES

    for status in RUN_STATUSES:
        if status.lower() == text.lower():
            return status
    raise typer.BadParameter(f"'{text}' is no run status; there are {', '.join(RUN_STATUSES)}", param_hint="'--status'")
