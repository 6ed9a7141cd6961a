"""What the handlers work on: one repository, its storage, and the graph when there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from rivers.exceptions import NotAccepted

if TYPE_CHECKING:
    from rivers.clock import Clock
    from rivers.daemons.automation import AutomationGraph
    from rivers.repository.code_repository import CodeRepository
    from rivers.storage import AsyncStore, Storage


@dataclass(slots=True)
class Served:
    """A system that is being served.

    ``module`` and ``repo_var`` say which code it is. ``store`` is the storage as request handlers call it: they run on
    the loop of the graph, so they must not wait for an engine. ``graph`` is ``None`` when no daemons were asked for.
    ``stopping`` refuses new work while running runs end; ``closing`` ends streams, so that the server can close.
    """

    module: str
    repo_var: str
    repo: CodeRepository
    storage: Storage
    store: AsyncStore
    clock: Clock
    graph: AutomationGraph | None = None
    stopping: bool = False
    closing: anyio.Event = field(default_factory=anyio.Event)

    def working_graph(self) -> AutomationGraph:
        """Return the graph, to hand it something to do.

        :raises NotAccepted: there is none, or it is stopping
        """
        if self.stopping:
            raise NotAccepted("the server is stopping and takes no new requests")
        if self.graph is None:
            raise NotAccepted("the server was started with --no-daemon, so that nothing would carry this out")
        return self.graph
