"""``rivers db`` deals with the schema of a store."""

from __future__ import annotations

import typer

from rivers.cli.failures import DebugOption, FailureReportingGroup
from rivers.cli.stores import DEFAULT_PATH, EndpointOption, StoragePathOption

app = typer.Typer(cls=FailureReportingGroup, help="The schema of a store.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def db() -> None:
    """The schema of a store."""


@app.command()
def migrate(
    storage_path: StoragePathOption = DEFAULT_PATH,
    surreal_endpoint: EndpointOption = None,
    debug: DebugOption = False,
) -> None:
    """Bring a store up to the schema of this build; does nothing to one that is, and creates one when there is none."""
    from rivers.storage import Storage

    if surreal_endpoint is not None:
        Storage.migrate_remote(surreal_endpoint)
    else:
        Storage.migrate_embedded(storage_path)
    typer.echo(f"Storage schema is up to date ({surreal_endpoint or storage_path}).")
