"""``rivers serve`` runs the whole system in the foreground, with a live log, until it is asked to stop."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from rivers.cli.failures import CliFailure, DebugOption
from rivers.cli.modules import ModuleArgument, RepoVarOption, load_repository
from rivers.cli.stores import DEFAULT_PATH, EndpointOption, StoragePathOption, open_storage

if TYPE_CHECKING:
    import socket

    from rivers.cli.signals import StopSignals
    from rivers.repository.code_repository import CodeRepository
    from rivers.server.served import Served
    from rivers.storage import Storage


def serve(
    module: ModuleArgument,
    repo_var: RepoVarOption = "repo",
    storage_path: StoragePathOption = DEFAULT_PATH,
    surreal_endpoint: EndpointOption = None,
    host: Annotated[str, typer.Option("--host", help="Address that the API listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of the API; 0 takes a free one.")] = 0,
    no_daemon: Annotated[
        bool, typer.Option("--no-daemon/--daemon", help="Serve the API only; fire no triggers.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json/--no-json", help="Log one JSON object a line; steps print to stderr.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Fire schedules and sensors and execute their runs, with a live log, until Ctrl-C."""
    import anyio

    from rivers.cli.notices import shorten_notices
    from rivers.cli.signals import StopSignals

    shorten_notices(debug=debug)
    repo = load_repository(module, repo_var)
    storage = open_storage(storage_path, surreal_endpoint)
    try:
        repo.resolve(storage)
        sock = _bind(host, port)
        out = _stdout_of_our_own() if as_json else sys.stdout
        with StopSignals() as signals:
            face = _Face(module, repo_var, surreal_endpoint or storage_path, host, not no_daemon, as_json, out)
            anyio.run(partial(face.run, repo, storage, sock, signals))
    finally:
        storage.close()


def _bind(host: str, port: int) -> socket.socket:
    from rivers.server.hosting import bind

    try:
        return bind(host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        way_out = "choose another --port, or 0 for a free one" if port else "choose another --host"
        raise CliFailure(f"cannot listen on {host}:{port}: {reason}\n  {way_out}") from error


def _stdout_of_our_own() -> IO[str]:
    """Return the real stdout for log lines, and send to stderr what steps and their processes print from now on."""
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    os.dup2(2, 1)
    return own


@dataclass(frozen=True, slots=True)
class _Face:
    """The view that a person, or a program reading JSON, has of one served system."""

    module: str
    repo_var: str
    store: str
    host: str
    daemon: bool
    as_json: bool
    out: IO[str]

    async def run(self, repo: CodeRepository, storage: Storage, sock: socket.socket, signals: StopSignals) -> None:
        """Serve, from the first log line to the last."""
        import anyio

        from rivers.cli.live_log import HumanLines, LiveLog, json_line
        from rivers.server.guard import LOOPBACK_NAMES
        from rivers.server.hosting import address_of
        from rivers.server.serving import drain, serving
        from rivers.views.documents import next_fires

        log = LiveLog(self.out, json_line if self.as_json else HumanLines(next_fires(repo)))
        hosts = dict.fromkeys((*LOOPBACK_NAMES, f"[{self.host}]" if ":" in self.host else self.host))
        address = address_of(sock)
        unsubscribe = storage.subscribe(log.subscriber)
        try:
            async with serving(
                repo,
                storage,
                sock,
                module=self.module,
                repo_var=self.repo_var,
                daemon=self.daemon,
                hosts=tuple(hosts),
            ) as served:
                stop = anyio.Event()
                signals.when_asked(partial(served.clock.post, stop.set))
                log.say(self._started(served, address))
                # Nothing that is loaded by now is ever freed; each collection would look through it for 35 ms.
                gc.collect()
                gc.freeze()
                await stop.wait()
                log.say(self._stopping(served))
                await drain(served, lambda running: log.say(self._waiting(served, running)))
            log.say(self._said(served, "stopped", {}, "stopped"))
        finally:
            unsubscribe()
            log.close()

    def _started(self, served: Served, address: str) -> str:
        triggers = [*served.repo.schedules, *served.repo.sensors]
        facts = {
            "module": self.module,
            "repo_var": self.repo_var,
            "address": address,
            "storage": self.store,
            "pid": os.getpid(),
            "daemon": self.daemon,
        }
        head = f"serving {self.module}:{self.repo_var} at {address}, storage {self.store}"
        what = f"{_counted(len(served.repo.schedules), 'schedule')}, {_counted(len(served.repo.sensors), 'sensor')}"
        if not self.daemon:
            what += "; no daemon, so that nothing fires"
        elif triggers:
            what += "; 'rivers automations list' shows them"
        return self._said(served, "serving", facts, f"{head}\n  {what}; press Ctrl-C to stop")

    def _stopping(self, served: Served) -> str:
        return self._said(served, "stopping", {}, "stopping: no more triggers are fired")

    def _waiting(self, served: Served, running: int) -> str:
        text = f"waiting for {_counted(running, 'running run')} to end (press Ctrl-C again to exit at once)"
        return self._said(served, "waiting", {"running_runs": running}, text)

    def _said(self, served: Served, kind: str, facts: dict[str, Any], text: str) -> str:
        from rivers.cli.live_log import event_line
        from rivers.cli.tables import time_text

        at = served.clock.now_ns()
        return event_line(at, kind, "rivers", facts) if self.as_json else f"{time_text(at)}  {text}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
