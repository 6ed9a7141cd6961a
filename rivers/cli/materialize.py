"""``rivers materialize`` runs assets now, here or in the server that holds the storage, and waits for the outcome."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rivers.cli.client import ServerClient
from rivers.cli.failures import CliFailure, DebugOption
from rivers.cli.modules import ModuleArgument, RepoVarOption, load_repository
from rivers.cli.stores import (
    DEFAULT_PATH,
    EndpointOption,
    StoragePathOption,
    open_storage,
    require_same_code,
    server_of,
)
from rivers.cli.tables import JsonOption, print_json, short_id
from rivers.exceptions import StorageLocked
from rivers.wording import near_names

if TYPE_CHECKING:
    from rivers.execution.runs.results import RunResult
    from rivers.repository.code_repository import CodeRepository
    from rivers.storage import Storage


@dataclass(frozen=True, slots=True)
class Wanted:
    """The assets that were asked for: a selection, those of a job, or all when neither is given."""

    selection: list[str] | None
    include_upstream: bool
    job: str | None
    partition_key: str | None


@dataclass(slots=True)
class RunOutcome:
    """The outcome of a run: its steps in order of execution, and the failed ones with ``<ExcType>: <message>``.

    ``skipped`` names the failed steps that were not attempted, since something that they depend on had failed.
    """

    run_id: str
    status: str
    assets: list[str] = field(default_factory=list[str])
    failed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    skipped: frozenset[str] = frozenset()
    error: str | None = None
    traceback: str | None = None


def materialize(
    module: ModuleArgument,
    select: Annotated[str | None, typer.Option("--select", help="Names of assets, separated by commas.")] = None,
    include_upstream: Annotated[
        bool, typer.Option("--include-upstream", help="With --select: also whatever those are made from.")
    ] = False,
    job: Annotated[str | None, typer.Option("--job", help="Name of a job, whose assets are run.")] = None,
    partition_key: Annotated[
        str | None, typer.Option("--partition-key", help="The partition, such as 2026-01-01 or d=1|r=x.")
    ] = None,
    memory: Annotated[
        bool, typer.Option("--memory/--no-memory", help="Use a store in memory and leave no trace.")
    ] = False,
    storage_path: StoragePathOption = DEFAULT_PATH,
    surreal_endpoint: EndpointOption = None,
    repo_var: RepoVarOption = "repo",
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Materialize all assets, those of --select, or those of --job, and wait for the outcome.

    While 'rivers serve' holds the storage, the run is submitted to it and followed here; Ctrl-C then leaves it running.
    """
    wanted = Wanted(_names(select), include_upstream, job, partition_key)
    if wanted.selection is not None and job is not None:
        raise typer.BadParameter("give --select or --job, not both", param_hint="'--select'")
    if include_upstream and wanted.selection is None:
        raise typer.BadParameter("it adds to what --select names", param_hint="'--include-upstream'")
    outcome = _carried_out(wanted, _Code(module, repo_var), memory, storage_path, surreal_endpoint, as_json)
    if as_json:
        print_json(
            {
                "run_id": outcome.run_id,
                "status": outcome.status,
                "assets": outcome.assets,
                "failed": dict(outcome.failed),
                "error": outcome.error,
            }
        )
    if outcome.status != "Success":
        if debug and outcome.traceback:
            typer.echo(outcome.traceback, err=True)
        raise _failure(outcome, memory, storage_path)
    if not as_json:
        typer.echo(f"Materialization complete. Assets: {outcome.assets!r}")


@dataclass(frozen=True, slots=True)
class _Code:
    module: str
    repo_var: str


def _names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise typer.BadParameter(
            f"'{text}' has an empty name; separate names by single commas", param_hint="'--select'"
        )
    return names


def _carried_out(
    wanted: Wanted, code: _Code, memory: bool, path: str, endpoint: str | None, as_json: bool
) -> RunOutcome:
    """Run in the server that holds the storage, also in one that has come up this very moment; without one, here."""
    client = None if memory or endpoint is not None else server_of(path)
    if client is None:
        repo = load_repository(code.module, code.repo_var)
        try:
            storage = _open(memory, path, endpoint)
        except StorageLocked:
            client = server_of(path)
            if client is None:
                raise
        else:
            return _here(repo, storage, wanted, as_json)
    require_same_code(client, code.module, code.repo_var)
    return _in_server(client, wanted, code, as_json)


def _here(repo: CodeRepository, storage: Storage, wanted: Wanted, as_json: bool) -> RunOutcome:
    printed = sys.stdout
    try:
        if as_json:
            sys.stdout = sys.stderr  # what steps print must not end up inside the document
        repo.resolve(storage)
        return _execute(repo, storage, wanted)
    finally:
        sys.stdout = printed
        repo.shutdown()
        storage.close()


def _open(memory: bool, path: str, endpoint: str | None) -> Storage:
    from rivers.storage import Storage

    if memory:
        return Storage.memory()
    return open_storage(path, endpoint)


def _execute(repo: CodeRepository, storage: Storage, wanted: Wanted) -> RunOutcome:
    if wanted.job is not None and wanted.job not in repo.launch_targets():
        raise _unknown_job(wanted.job, list(repo.launch_targets()))
    key = None
    if wanted.partition_key is not None:
        names = repo.nodes_to_run(wanted.selection, wanted.job, include_upstream=wanted.include_upstream)
        key = repo.read_partition_key(wanted.partition_key, names)
    if wanted.job is not None:
        result = repo.get_job(wanted.job).execute(partition_key=key, raise_on_error=False)
    else:
        result = repo.materialize(
            wanted.selection,
            partition_key=key,
            include_upstream=wanted.include_upstream,
            raise_on_error=False,
        )
    run = storage.get_run(result.run_id)
    return RunOutcome(
        run_id=result.run_id,
        status="Success" if result.success else (run.status if run is not None else "Failure"),
        assets=list(result.materialized_assets),
        failed=list(result.failed_assets),
        skipped=_skipped(storage, result),
        error=None if run is None else run.error,
        traceback=None if run is None else run.traceback,
    )


def _skipped(storage: Storage, result: RunResult) -> frozenset[str]:
    if result.success:
        return frozenset()
    from rivers.views.documents import event_document

    events = map(event_document, storage.get_events_for_run(result.run_id))
    return frozenset(event["step"] for event in events if _is_skip(event))


def _unknown_job(name: str, known: list[str]) -> CliFailure:
    near = near_names(name, known) or sorted(known)[:5]
    hint = f"\n  there is {', '.join(map(repr, near))}" if near else "\n  the repository has no jobs"
    return CliFailure(f"Job '{name}' not found{hint}")


def _in_server(client: ServerClient, wanted: Wanted, code: _Code, as_json: bool) -> RunOutcome:
    body: dict[str, Any] = {"module": code.module, "repo_var": code.repo_var, "job": wanted.job}
    body |= {"selection": wanted.selection, "partition_key": wanted.partition_key}
    if wanted.include_upstream:
        body["include_upstream"] = True
    run_id: str = client.post("runs", body=body)["run_id"]
    if not as_json:
        typer.echo(f"Run {short_id(run_id)} submitted to the server at {client.address}.")
    try:
        return _follow(client, run_id, as_json)
    except KeyboardInterrupt:
        typer.echo(f"\nThe run goes on in the server; 'rivers runs show {short_id(run_id)}' shows it.", err=True)
        raise


def _follow(client: ServerClient, run_id: str, as_json: bool) -> RunOutcome:
    from rivers.cli.runs import event_line

    steps: dict[str, None] = {}
    failed: dict[str, str] = {}
    skipped: set[str] = set()
    for line in client.lines("runs", run_id, "log"):
        match line["kind"]:
            case "event":
                step: str | None = line["step"]
                if step is not None and line["event_type"] in ("StepStart", "StepSuccess", "StepFailure"):
                    steps[step] = None
                    if line["event_type"] == "StepFailure" and line["partition_key"] is None:
                        failed[step] = dict(line["metadata"]).get("error", "")
                    if _is_skip(line):
                        skipped.add(step)
                if not as_json:
                    typer.echo(event_line(line))
            case "log":
                _print_output(line, to_stdout=not as_json)
            case "run" if line["end_time"] is not None:
                return RunOutcome(
                    run_id,
                    line["status"],
                    list(steps),
                    list(failed.items()),
                    frozenset(skipped),
                    line["error"],
                    line["traceback"],
                )
            case _:
                pass
    raise CliFailure(
        f"the server at {client.address} stopped before run {short_id(run_id)} ended\n"
        f"  'rivers runs show {short_id(run_id)}' shows what became of it"
    )


def _is_skip(event: dict[str, Any]) -> bool:
    """Return whether the event tells of a step that was not attempted: then it has no classes of an exception."""
    if event["event_type"] != "StepFailure" or event["partition_key"] is not None:
        return False
    return "rivers/exc_type" not in dict(event["metadata"])


def _print_output(log: dict[str, Any], *, to_stdout: bool) -> None:
    if log["stdout"]:
        typer.echo(log["stdout"], nl=not log["stdout"].endswith("\n"), err=not to_stdout)
    for stream in ("stderr", "logs"):
        if log[stream]:
            typer.echo(log[stream], nl=not log[stream].endswith("\n"), err=True)


def _failure(outcome: RunOutcome, memory: bool, path: str) -> CliFailure:
    errors = [name for name, _ in outcome.failed if name not in outcome.skipped]
    what = f" in {', '.join(map(repr, errors))}" if errors else ""
    if outcome.status == "Canceled":
        return CliFailure(f"run {short_id(outcome.run_id)} was canceled")
    where = "" if path == DEFAULT_PATH else f" --storage-path {path}"
    way_out = (
        "run again with --debug for the traceback"
        if memory
        else f"'rivers runs show {short_id(outcome.run_id)}{where}' has the traceback and the output"
    )
    first = next((error for _, error in outcome.failed if error), None)
    return CliFailure(f"run {short_id(outcome.run_id)} failed{what}\n  {way_out}", last_line=first or outcome.error)
