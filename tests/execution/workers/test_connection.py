"""What is read and sent in parts, and who is not waited for."""

from __future__ import annotations

import multiprocessing.connection
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Generator
from multiprocessing.connection import Connection, Pipe
from typing import Any

import pytest

from rivers.execution.workers.connection import WorkerConnection

Ends = tuple[WorkerConnection, "Connection[Any, Any]"]


@pytest.fixture
def ends() -> Generator[Ends]:
    ours, theirs = Pipe()
    connection = WorkerConnection(ours)
    yield connection, theirs
    connection.close()
    theirs.close()


def test_messages_come_whole_and_one_at_a_time(ends: Ends) -> None:
    ours, theirs = ends
    assert ours.receive() is None
    for message in (b"one", b"", b"two"):
        theirs.send_bytes(message)
    assert [ours.receive() for _ in range(4)] == [b"one", b"", b"two", None]


def test_what_was_not_taken_yet_is_seen_from_outside(ends: Ends) -> None:
    ours, theirs = ends
    for message in (b"one", b"two"):
        theirs.send_bytes(message)
    ours.receive()
    assert multiprocessing.connection.wait([ours], 0) == [ours]
    assert ours.has_more()
    ours.receive()
    assert multiprocessing.connection.wait([ours], 0) == []
    assert not ours.has_more()


def test_a_message_that_comes_byte_by_byte_is_kept_until_it_is_whole(ends: Ends) -> None:
    ours, theirs = ends
    received: list[bytearray | None] = []
    for byte in struct.pack("!i", 3) + b"abc":
        os.write(theirs.fileno(), bytes([byte]))
        received.append(ours.receive())
    assert received == [None] * 6 + [b"abc"]


def test_a_message_with_the_long_form_of_its_size_is_read(ends: Ends) -> None:
    ours, theirs = ends
    os.write(theirs.fileno(), struct.pack("!i", -1) + struct.pack("!Q", 3) + b"abc")
    assert ours.receive() == b"abc"


def test_a_message_larger_than_the_buffers_goes_both_ways(ends: Ends) -> None:
    ours, theirs = ends
    large = bytes(5_000_000)
    echo = threading.Thread(target=lambda: theirs.send_bytes(theirs.recv_bytes()))
    echo.start()
    ours.send(large, None)
    while (received := ours.receive()) is None:
        assert multiprocessing.connection.wait([ours], 30)
    echo.join()
    assert received == large


def test_the_end_is_told_also_in_the_middle_of_a_message(ends: Ends) -> None:
    ours, theirs = ends
    os.write(theirs.fileno(), struct.pack("!i", 3) + b"a")
    theirs.close()
    for _ in range(2):
        with pytest.raises(EOFError):
            ours.receive()
    with pytest.raises(OSError, match="Broken pipe"):
        ours.send(b"anything", None)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs a handle on the process")
def test_sending_ends_with_the_worker_though_nobody_reads_and_the_other_end_is_still_open(ends: Ends) -> None:
    ours, _ = ends
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as worker:
        handle = os.pidfd_open(worker.pid)
        try:
            sending = threading.Thread(target=ours.send, args=(bytes(5_000_000), handle), daemon=True)
            sending.start()
            worker.send_signal(signal.SIGKILL)
            sending.join(30)
            assert not sending.is_alive()
        finally:
            os.close(handle)
