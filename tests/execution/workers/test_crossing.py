"""What crosses into a worker, and in which shape."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore, MemoryStore
from pydantic import BaseModel, PrivateAttr, SecretStr

import rivers as rs
from rivers.exceptions import ExecutionError
from rivers.execution.steps.compiled_steps import Particulars, Step
from rivers.execution.workers.crossing import may_cross, packed_particulars, packed_step, unpacked_step
from rivers.storage import Storage
from tests.execution import worker_functions as functions


class Vault(rs.Resource):
    secret: SecretStr
    _opened: Any = PrivateAttr(default=None)

    def setup(self) -> None:
        self._opened = threading.Lock()


class Files(rs.BaseIOHandler):
    folder: Path
    _seen: list[str] = PrivateAttr(default_factory=list[str])

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None: ...

    def load_input(self, context: rs.InputContext) -> Any: ...


class Connected(Files):
    _socket: Any = PrivateAttr(default_factory=threading.Lock)


def step_of(function: Any, handler: Any = None, **options: Any) -> Step:
    with Storage.memory() as storage:
        repo = rs.CodeRepository([rs.Asset(function, io_handler=handler)], **options)
        repo.resolve(storage)
        try:
            return repo._resolved._levels([function.__name__], repo._resolved.resources, {})[0][0]
        finally:
            repo.shutdown()


def opens(vault: Vault) -> str:
    return vault.secret.get_secret_value()


def test_a_function_of_a_module_is_the_same_function_there() -> None:
    assert unpacked_step(packed_step(step_of(functions.process))).function is functions.process


def test_a_resource_crosses_with_its_fields_secrets_included_and_without_what_it_opened() -> None:
    step = step_of(opens, resources={"vault": Vault(secret=SecretStr("key"))})
    [(name, crossed)] = unpacked_step(packed_step(step)).resources
    assert name == "vault"
    assert crossed.secret.get_secret_value() == "key"
    assert crossed._opened is None


def test_a_resource_and_the_handler_that_is_the_same_object_stay_one() -> None:
    step = step_of(functions.process, "files", resources={"files": Files(folder=Path("here"))})
    crossed = unpacked_step(packed_step(step))
    [target] = crossed.targets
    assert crossed.managed == (target.handler,)
    assert target.handler is crossed.managed[0]


def test_what_keeps_values_in_the_memory_of_this_process_does_not_cross(tmp_path: Path) -> None:
    assert not may_cross(step_of(functions.process))
    assert not may_cross(step_of(functions.process, rs.PickleIOHandler(store=MemoryStore())))
    assert may_cross(step_of(functions.process, rs.PickleIOHandler(store=LocalStore(str(tmp_path)))))
    assert may_cross(step_of(functions.process, Files(folder=tmp_path)))


def test_a_handler_that_cannot_be_pickled_is_named_with_its_step(tmp_path: Path) -> None:
    with pytest.raises(
        ExecutionError, match=r"step 'process' .* the IO handler of 'process', a Connected, cannot be pickled"
    ):
        packed_step(step_of(functions.process, Connected(folder=tmp_path)))


def test_classes_that_a_function_defines_cross_without_what_is_around_them() -> None:
    around = threading.Lock()

    class Shop(rs.Resource):
        url: str

    class Wanted(BaseModel):
        largest: int = 2

    def asks(context: rs.AssetExecutionContext[Wanted], shop: Shop) -> str:
        return f"{shop.url} {context.config.largest}"

    step = step_of(asks, resources={"shop": Shop(url="here")})
    [(_, crossed)] = unpacked_step(packed_step(step)).resources
    assert (crossed.url, around.locked()) == ("here", False)
    packed = packed_particulars(step.with_particulars(Particulars(element=Wanted(largest=3))))
    assert packed is not None
    assert pickle.loads(packed).element.largest == 3
