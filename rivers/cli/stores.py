"""The store that a command works on, opened here or reached through the server that holds it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

import typer

from rivers.cli.client import ServerClient
from rivers.cli.failures import CliFailure
from rivers.exceptions import AmbiguousRun, StorageLocked

if TYPE_CHECKING:
    from rivers.repository.code_repository import CodeRepository
    from rivers.storage import Storage

DEFAULT_PATH: Final = ".rivers/storage"

StoragePathOption = Annotated[str, typer.Option("--storage-path", help="Folder of the embedded store.")]
EndpointOption = Annotated[
    str | None,
    typer.Option(
        "--surreal-endpoint", envvar="RIVERS_SURREAL_ENDPOINT", help="URL of a remote store; wins over the path."
    ),
]

_PATIENCE_SECONDS: Final = 1.5
_PATIENCE_TRIES: Final = 15

Document = dict[str, Any]


class Store(Protocol):
    """The questions and orders of commands to a store, however it is reached."""

    def ticks(self, name: str | None, limit: int) -> list[Document]:
        """Return the newest ticks first, of one automation or of all."""
        ...

    def runs(self, status: str | None, limit: int) -> list[Document]:
        """Return the newest runs first, of one status or of all."""
        ...

    def run(self, run_id: str) -> Document:
        """Return one run with events and logs.

        :raises CliFailure: for an unknown id, and the beginning of several
        """
        ...

    def cancel(self, run_id: str) -> str:
        """Cancel the run of that full id, and return its status then.

        :raises CliFailure: when it has ended meanwhile
        """
        ...

    def automations(self) -> list[Document]:
        """Return every schedule and sensor."""
        ...

    def choose(self, kind: str, name: str, action: str) -> Document:
        """Pause, resume or reset an automation that exists, and return it as it stands then."""
        ...


class OpenedStore:
    """A ``Store`` that this process has opened itself. ``repo`` has defaults and names, when a module was given."""

    def __init__(self, storage: Storage, repo: CodeRepository | None) -> None:
        from rivers.views import documents  # which a command that asks a server can do without

        self._documents = documents
        self._storage = storage
        self._repo = repo

    def ticks(self, name: str | None, limit: int) -> list[Document]:
        return self._documents.ticks(self._storage, name, limit)

    def runs(self, status: str | None, limit: int) -> list[Document]:
        return self._documents.runs(self._storage, status, limit)

    def run(self, run_id: str) -> Document:
        try:
            detail = self._documents.run_detail(self._storage, run_id)
        except AmbiguousRun as error:
            raise CliFailure(str(error)) from error
        if detail is None:
            raise CliFailure(f"Run '{run_id}' not found")
        return detail

    def cancel(self, run_id: str) -> str:
        status = self._storage.cancel_run(run_id, self._storage.clock.now_ns())
        if status is None:
            raise CliFailure(f"Run '{run_id}' not found, or it has ended")
        return status

    def automations(self) -> list[Document]:
        return self._documents.automations(self._storage, self._repo, self._storage.clock.now_ns())

    def choose(self, kind: str, name: str, action: str) -> Document:
        choice = self._documents.CHOICES[action]
        self._documents.choose(
            self._storage, self._documents.trigger_kind(kind), name, choice, self._storage.clock.now_ns()
        )
        return next(each for each in self.automations() if (each["kind"], each["name"]) == (kind, name))


class ServedStore:
    """A ``Store`` that a server holds."""

    def __init__(self, client: ServerClient) -> None:
        self._client = client

    def ticks(self, name: str | None, limit: int) -> list[Document]:
        return self._client.get("ticks", name=name, limit=limit)

    def runs(self, status: str | None, limit: int) -> list[Document]:
        return self._client.get("runs", status=status, limit=limit)

    def run(self, run_id: str) -> Document:
        return self._client.get("runs", run_id)

    def cancel(self, run_id: str) -> str:
        return self._client.post("runs", run_id, "cancel")["status"]

    def automations(self) -> list[Document]:
        return self._client.get("automations")

    def choose(self, kind: str, name: str, action: str) -> Document:
        return self._client.post("automations", kind, action, name)


@contextmanager
def inspect(path: str, endpoint: str | None, module: str | None = None, repo_var: str = "repo") -> Generator[Store]:
    """Yield the store to look into; none is ever created.

    ``module`` is loaded when no server holds the store.

    :raises CliFailure: when there is no store, or its server serves another module
    """
    if endpoint is None:
        require_store(path)
    with open_or_reach(path, endpoint) as found:
        if isinstance(found, ServerClient):
            if module is not None:
                require_same_code(found, module, repo_var)
            yield ServedStore(found)
        else:
            repo = None
            if module is not None:
                from rivers.cli.modules import load_repository

                repo = load_repository(module, repo_var)
            yield OpenedStore(found, repo)


@contextmanager
def open_or_reach(path: str, endpoint: str | None) -> Generator[Storage | ServerClient]:
    """Yield the opened store, or a client of the server that holds it.

    The lock is tried first, since only the lock tells a living server from what a dead one has left behind.

    :raises StorageError: as :func:`open_storage`
    """
    try:
        storage = open_storage(path, endpoint)
    except StorageLocked:
        client = server_of(path)
        if client is None:
            raise
        yield client
        return
    try:
        yield storage
    finally:
        storage.close()


def open_storage(path: str, endpoint: str | None) -> Storage:
    """Open the remote store at ``endpoint``, or without one the embedded store at ``path``.

    A holder that serves nothing is a command that has almost ended, or a server that starts; it gets 1.5 seconds.

    :raises StorageLocked: when another process goes on holding the folder
    :raises StorageError: when the store cannot be opened
    """
    from rivers.clock import WallClock
    from rivers.storage import Storage

    if endpoint is not None:
        return Storage.connect(endpoint)
    for _ in range(_PATIENCE_TRIES):
        try:
            return Storage.embedded(path)
        except StorageLocked:
            if server_of(path) is not None:
                raise
            WallClock().sleep_blocking(_PATIENCE_SECONDS / _PATIENCE_TRIES)
    return Storage.embedded(path)


def server_of(path: str) -> ServerClient | None:
    """Return a client of the server that has advertised itself beside the store at ``path``, dead or alive."""
    from rivers.storage import read_sidecar

    sidecar = read_sidecar(path)
    if sidecar is None or sidecar.address is None or sidecar.token is None:
        return None
    return ServerClient(sidecar.address, sidecar.token)


def require_same_code(client: ServerClient, module: str, repo_var: str) -> None:
    """Raise :class:`CliFailure`, which names both, when the server serves other code than the command means."""
    health = client.get("health")
    if (health["module"], health["repo_var"]) != (module, repo_var):
        raise CliFailure(
            f"the server at {client.address} holds this storage and serves '{health['module']}:{health['repo_var']}', "
            f"not '{module}:{repo_var}'\n  stop it first, or choose another --storage-path"
        )


def require_store(path: str) -> None:
    """Raise :class:`CliFailure` when there is nothing at ``path``, since looking must not create a store."""
    if not Path(path).exists():
        raise CliFailure(
            f"there is no store at '{path}'\n"
            "  'rivers serve' and 'rivers materialize' create one; --storage-path names another folder"
        )
