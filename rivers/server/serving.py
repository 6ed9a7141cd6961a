"""A system and its server, started and stopped together: the graph, the socket, and the address beside the store."""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import anyio

from rivers.clock import Clock, WallClock
from rivers.daemons.graph import automation_graph
from rivers.records import StorageType
from rivers.repository.code_repository import CodeRepository
from rivers.server.app import build_app
from rivers.server.guard import LOOPBACK_NAMES
from rivers.server.hosting import address_of, serve
from rivers.server.served import Served
from rivers.storage import AsyncStore, Storage


@asynccontextmanager
async def serving(
    repo: CodeRepository,
    storage: Storage,
    sock: socket.socket,
    *,
    module: str,
    repo_var: str = "repo",
    daemon: bool = True,
    hosts: Sequence[str] = LOOPBACK_NAMES,
    clock: Clock | None = None,
    token: str | None = None,
) -> AsyncGenerator[Served]:
    """Run the graph (unless ``daemon`` is false) and answer requests on ``sock`` while the block runs.

    By the time the block begins every daemon has recovered and, for an embedded store, the address and a fresh token
    are in its sidecar. Leaving the block ends both; see :func:`drain` for an unhurried end.
    """
    clock = clock if clock is not None else WallClock()
    address, port = address_of(sock), sock.getsockname()[1]
    token = token if token is not None else secrets.token_urlsafe(32)
    async with AsyncExitStack() as stack:
        stack.callback(sock.close)
        graph = await stack.enter_async_context(automation_graph(repo, storage, clock)) if daemon else None
        clock.attach()
        store = AsyncStore(storage, clock) if graph is None else graph.store
        served = Served(module, repo_var, repo, storage, store, clock, graph)
        async with anyio.create_task_group() as group:
            app = build_app(served, port=port, token=token, hosts=hosts)
            group.start_soon(serve, app, sock, served.closing)
            if storage.type == StorageType.Embedded:
                storage.advertise(address, token)
            try:
                yield served
            finally:
                served.stopping = True
                served.closing.set()
                if storage.type == StorageType.Embedded:
                    storage.advertise(None, None)


async def drain(served: Served, on_waiting: Callable[[int], None]) -> None:
    """Fire no more triggers, refuse new work, and return when the running runs have ended.

    The API keeps answering meanwhile. ``on_waiting`` is told how many runs are waited for, when there are any.
    """
    served.stopping = True
    if served.graph is None:
        return
    await served.graph.stop()
    running = len(served.graph.running_runs)
    if running:
        on_waiting(running)
    await served.graph.wait_runs_finished()
