"""A resource that notes when it is set up and torn down."""

from __future__ import annotations

from pydantic import PrivateAttr

import rivers as rs

calls: list[str] = []
"""What was done to every such resource, in order; each test begins with none."""


class Db(rs.Resource):
    url: str = "mine"
    _opened: int = PrivateAttr(default=0)

    def setup(self) -> None:
        calls.append(f"setup {self.url}")
        self._opened += 1

    def teardown(self) -> None:
        calls.append(f"teardown {self.url}")
