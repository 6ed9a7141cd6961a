"""The client against real HTTP: what it sends, and how it words what goes wrong."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from rivers.cli.client import ServerClient
from rivers.cli.failures import CliFailure


@contextmanager
def server(answer: bytes) -> Generator[tuple[ServerClient, Callable[[], str]]]:
    """A server that answers one connection with these bytes; the function returns what it was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        heard: list[bytes] = []

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                heard.append(connection.recv(65536))
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()

        def heard_text() -> str:
            thread.join(20)
            return b"".join(heard).decode()

        yield ServerClient(f"http://127.0.0.1:{listener.getsockname()[1]}", "s3cret"), heard_text


def reply(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()


def test_a_request_carries_the_token_the_host_and_the_query() -> None:
    with server(reply("200 OK", "[1]")) as (client, heard):
        assert client.get("ticks", name="a b/c", limit=None) == [1]
        lines = heard().split("\r\n")
    assert lines[0] == "GET /api/ticks?name=a+b%2Fc HTTP/1.1"
    assert "Authorization: Bearer s3cret" in lines
    assert f"Host: {client.address.removeprefix('http://')}" in lines


def test_a_name_with_a_slash_stays_one_part_of_the_path() -> None:
    with server(reply("200 OK", "{}")) as (client, heard):
        client.post("automations", "schedule", "pause", "a/b")
        assert heard().startswith("POST /api/automations/schedule/pause/a%2Fb HTTP/1.1")


def test_what_answers_and_is_no_rivers_server_is_said_with_its_address() -> None:
    for call in ("get", "post", "lines"):
        with server(reply("200 OK", "<html>")) as (client, _), pytest.raises(CliFailure) as caught:
            list(getattr(client, call)("runs"))
        assert f"what answers at {client.address} is no rivers server" in str(caught.value)


def test_a_server_that_refuses_the_token_is_called_that_of_another_storage() -> None:
    with server(reply("401 Unauthorized", "{}")) as (client, _), pytest.raises(CliFailure) as caught:
        client.get("runs")
    assert f"the server at {client.address} does not take the token" in str(caught.value)


def test_an_error_answer_is_raised_with_what_the_server_said() -> None:
    body = json.dumps({"error": {"type": "NodeNotFoundError", "message": "Job 'x' not found"}})
    with server(reply("404 Not Found", body)) as (client, _), pytest.raises(CliFailure, match="Job 'x' not found"):
        client.get("runs")


def test_an_error_answer_of_another_shape_is_named_by_its_status() -> None:
    with server(reply("502 Bad Gateway", "<html>")) as (client, _), pytest.raises(CliFailure, match="502 Bad Gateway"):
        client.get("runs")


def test_a_stream_yields_each_line() -> None:
    body = '{"kind": "event"}\n{"kind": "run"}\n'
    with server(reply("200 OK", body)) as (client, _):
        assert [line["kind"] for line in client.lines("runs", "x", "log")] == ["event", "run"]


def test_a_server_that_has_gone_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CliFailure, match=rf"127.0.0.1:{port} does not answer .*ConnectionRefused.*\n.*try again"):
        ServerClient(f"http://127.0.0.1:{port}", "x").get("health")


def test_an_answer_that_breaks_off_is_an_error() -> None:
    cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1"
    with server(cut) as (client, _), pytest.raises(CliFailure):
        client.get("health")
