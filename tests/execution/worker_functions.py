"""Functions of steps that worker processes import."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import rivers as rs


class Odd(Exception):
    """Can be pickled, and not be made again."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")

    def __reduce__(self) -> tuple[Any, ...]:
        return Odd, ("something",)


class Unmakeable:
    """Likewise, and no exception."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Unmakeable, ("something",)


class RefusesOddly(rs.BaseIOHandler):
    def handle_output(self, context: Any, obj: Any) -> None:
        raise Odd("this", "that")

    def load_input(self, context: Any) -> Any:
        return None


class TakesEverything(rs.BaseIOHandler):
    def handle_output(self, context: Any, obj: Any) -> None: ...

    def load_input(self, context: Any) -> Any:
        return None


class MadeHereOnly:
    """Can be sent to a worker, and not be made there."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_by, (os.getpid(),)


def _made_by(pid: int) -> MadeHereOnly:
    if os.getpid() != pid:
        raise ImportError("not here")
    return MadeHereOnly()


class ImportedSlowly(rs.BaseIOHandler):
    """Takes so many seconds to be made in a worker; does what another does."""

    def __init__(self, seconds: float, other: Any) -> None:
        self._made_from = (seconds, other)

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_slowly, self._made_from

    def handle_output(self, context: Any, obj: Any) -> None:
        self._made_from[1].handle_output(context, obj)

    def load_input(self, context: Any) -> Any:
        return self._made_from[1].load_input(context)


def _made_slowly(seconds: float, other: Any) -> ImportedSlowly:
    time.sleep(seconds)
    return ImportedSlowly(seconds, other)


class Service(rs.Resource):
    """Says in a file what happens to it; has something that cannot be pickled once it is set up."""

    log: str
    secret: int = 0
    _lock: Any = None

    def setup(self) -> None:
        self._lock = threading.Lock()
        self._note("setup")

    def teardown(self) -> None:
        self._note("teardown")

    def ask(self) -> int:
        with self._lock:
            return self.secret

    def _note(self, what: str) -> None:
        with Path(self.log).open("a") as file:
            file.write(f"{what} {os.getpid()}\n")


class Limits(BaseModel):
    limit: int = 1


def process() -> int:
    return os.getpid()


def limited(context: rs.AssetExecutionContext[Limits]) -> int:
    return context.config.limit


def slow_process() -> int:
    time.sleep(0.3)
    return os.getpid()


def talkative(context: rs.AssetExecutionContext) -> rs.Output:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    context.log.info("not at this level")
    context.log.warning("to the log")
    context.add_output_metadata({"who": "context"})
    return rs.Output(context.run_id, metadata={"rows": 3}, data_version="v7")


def fails() -> None:
    raise KeyError("no such thing")


def dies() -> None:
    os._exit(7)


def forks_and_forgets(context: rs.AssetExecutionContext) -> str:
    """Both come back from here: the parent and its child."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return "parent" if child else "child"


def asks(service: Service) -> int:
    return service.ask()


def waits_for_cancellation(context: rs.AssetExecutionContext) -> None:
    Path(str((context.asset_metadata or {})["started"])).touch()
    while not context.cancelled:
        time.sleep(0.005)
    raise ValueError("stopped as asked")


def sleeps_long(context: rs.AssetExecutionContext) -> None:
    Path(str((context.asset_metadata or {})["started"])).touch()
    context.sleep(3600)


def unmakeable() -> Any:
    return Unmakeable()


def yields_two() -> Any:
    yield rs.Output(1, output_name="refused")
    yield rs.Output(2, output_name="taken")


def leaves_a_thread(context: rs.AssetExecutionContext) -> None:
    """One that asks its context again and again."""

    def ask() -> None:
        while not context.cancelled:
            time.sleep(0.001)

    threading.Thread(target=ask, daemon=True).start()
