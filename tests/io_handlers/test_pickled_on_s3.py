"""Pickles in a store that speaks S3 over HTTP, here and from worker processes. The server is moto's."""

from __future__ import annotations

import os
import pickle
import socket
import urllib.request
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import cloudpickle
import obstore
import pytest
from moto.server import ThreadedMotoServer
from obstore.exceptions import BaseError
from obstore.store import S3Store

import rivers as rs
from rivers.definitions.values.output_report import OutputContext
from rivers.records import InputContext
from tests.io_handlers import s3_steps

BUCKET = "lake"


@pytest.fixture
def silent() -> Generator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(scope="module")
def endpoint() -> Generator[str]:
    """The address of a server that has one bucket."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{address}/{BUCKET}", method="PUT")).close()
    yield address
    server.stop()


def store(endpoint: str, bucket: str = BUCKET) -> S3Store:
    return S3Store(
        bucket,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id="somebody",
        secret_access_key="something secret",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


def test_a_value_goes_to_the_bucket_and_comes_back(endpoint: str) -> None:
    handler, context = rs.PickleIOHandler(store=store(endpoint), prefix="here"), OutputContext("orders")
    handler.handle_output(context, {"n": 1})
    stored = bytes(obstore.get(store(endpoint), "here/orders.pkl").bytes())
    assert pickle.loads(stored) == {"n": 1}
    metadata = context.output_metadata or {}
    assert (metadata["path"].raw_value(), metadata["size_bytes"].raw_value()) == ("here/orders.pkl", len(stored))
    assert handler.load_input(InputContext("orders", "b")) == {"n": 1}


def test_a_missing_value_and_a_missing_bucket_are_told_apart(endpoint: str) -> None:
    wanted = InputContext("orders", "b")
    with pytest.raises(FileNotFoundError) as raised:
        rs.PickleIOHandler(store=store(endpoint), prefix="none").load_input(wanted)
    assert str(raised.value).startswith(
        "PickleIOHandler has no value of 'orders': there is no none/orders.pkl in S3Store(bucket=\"lake\") (NoSuchKey: "
    )
    with pytest.raises(FileNotFoundError) as raised:
        rs.PickleIOHandler(store=store(endpoint, "elsewhere")).load_input(wanted)
    assert str(raised.value).startswith(
        "PickleIOHandler has no value of 'orders': there is no orders.pkl in S3Store(bucket=\"elsewhere\") "
        "(NoSuchBucket: "
    )


def test_a_bucket_that_is_missing_when_a_value_is_stored_is_named(endpoint: str) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        rs.PickleIOHandler(store=store(endpoint, "elsewhere")).handle_output(OutputContext("orders"), 1)
    text = str(raised.value)
    assert text.startswith(
        "PickleIOHandler: the value of 'orders' at 'orders.pkl' in S3Store(bucket=\"elsewhere\") cannot be stored: "
    )
    assert text.endswith("NoSuchBucket: The specified bucket does not exist")


def test_no_connection_names_asset_handler_path_and_address_and_no_secret() -> None:
    nobody = rs.PickleIOHandler(store=store("http://127.0.0.1:9"))  # the port of a service that nobody runs
    for attempt in (
        lambda: nobody.handle_output(OutputContext("orders"), 1),
        lambda: nobody.load_input(InputContext("orders", "b")),
    ):
        with pytest.raises(BaseError) as raised:
            attempt()
        text = str(raised.value)
        assert text.startswith(
            "PickleIOHandler: the value of 'orders' at 'orders.pkl' in S3Store(bucket=\"lake\") cannot"
        )
        assert "http://127.0.0.1:9/lake/orders.pkl" in text
        assert text.endswith("(Connection refused)")
        assert "secret" not in text


def test_how_long_a_store_that_does_not_answer_is_waited_for_is_the_stores_own_setting_here_and_in_workers(
    silent: str,
) -> None:
    given = S3Store(
        BUCKET,
        endpoint=silent,
        region="us-east-1",
        skip_signature=True,
        client_options={"allow_http": True, "timeout": timedelta(milliseconds=100)},
        retry_config={
            "max_retries": 1,
            "retry_timeout": timedelta(seconds=1),
            "backoff": {
                "init_backoff": timedelta(milliseconds=1),
                "max_backoff": timedelta(milliseconds=1),
                "base": 2,
            },
        },
    )
    handler = rs.PickleIOHandler(store=given)
    for each in (handler, pickle.loads(cloudpickle.dumps(handler))):
        with pytest.raises(BaseError, match="after 1 retries, max_retries: 1, retry_timeout: 1s"):
            each.load_input(InputContext("orders", "b"))


@pytest.mark.parametrize("as_resource", [False, True])
def test_steps_in_worker_processes_store_and_load_there(endpoint: str, as_resource: bool) -> None:
    handler = rs.PickleIOHandler(store=store(endpoint), prefix=f"workers {as_resource}")
    given: Any = "lake" if as_resource else handler
    assets = [rs.Asset(function, io_handler=given) for function in (s3_steps.left, s3_steps.right, s3_steps.counted)]
    # Two that are on the level below, so that both go to workers.
    assets += [rs.Asset(s3_steps.doubled, name=name, io_handler=given) for name in ("once", "again")]
    repo = rs.CodeRepository(
        assets, default_executor=rs.Executor.parallel(2), resources={"lake": handler} if as_resource else None
    )
    with rs.Storage.memory() as storage, repo:
        repo.resolve(storage)
        for _ in range(2):
            assert repo.materialize().failed_assets == []
        loaded = {name: repo.load_node(name) for name in repo.assets}
    assert {name: value["value"] for name, value in loaded.items()} == {
        "left": 1,
        "right": 2,
        "counted": 2,
        "once": 2,
        "again": 2,
    }
    assert os.getpid() not in {value["process"] for value in loaded.values()}


def test_what_fails_in_a_worker_says_as_much_as_here(endpoint: str) -> None:
    handler = rs.PickleIOHandler(store=store(endpoint, "elsewhere"))
    assets = [rs.Asset(function, io_handler=handler) for function in (s3_steps.left, s3_steps.right)]
    repo = rs.CodeRepository(assets, default_executor=rs.Executor.parallel(2))
    with rs.Storage.memory() as storage, repo:
        repo.resolve(storage)
        failed = dict(repo.materialize(raise_on_error=False).failed_assets)
    for name in ("left", "right"):
        assert failed[name].startswith(f"FileNotFoundError: PickleIOHandler: the value of '{name}' at '{name}.pkl' in ")
        assert failed[name].endswith("NoSuchBucket: The specified bucket does not exist")
