"""Who may be handed work: a graph that is there and not stopping."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.exceptions import NotAccepted


@pytest.mark.anyio
async def test_work_goes_to_the_graph_until_the_system_stops(serve_api: Any) -> None:
    async with serve_api() as api:
        assert api.served.working_graph() is api.served.graph
        api.served.stopping = True
        with pytest.raises(NotAccepted, match="stopping"):
            api.served.working_graph()


@pytest.mark.anyio
async def test_a_system_without_daemons_takes_no_work(serve_api: Any) -> None:
    async with serve_api(daemon=False) as api:
        with pytest.raises(NotAccepted, match="--no-daemon"):
            api.served.working_graph()
