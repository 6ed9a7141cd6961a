"""A child that is forked in a block ends there, with the exit code that fits, and the parent goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from rivers.execution.attempts.forks import ending_forks


def leaves() -> None: ...


def raises() -> None:
    raise ValueError("boom")


def exits_with(code: object) -> Callable[[], None]:
    return lambda: sys.exit(code)  # pyright: ignore[reportArgumentType]  # user code may give anything


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        (leaves, 0),
        (raises, 1),
        (exits_with(None), 0),
        (exits_with(7), 7),
        (exits_with(256 + 7), 7),
        (exits_with("a text"), 1),
    ],
    ids=["leaves", "raises", "exits", "exits with a code", "exits with a large code", "exits with a text"],
)
def test_a_child_ends_with_the_block_and_its_parent_goes_on(ends: Callable[[], None], code: int) -> None:
    with ending_forks():
        child = os.fork()
        if child == 0:
            ends()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == code


def test_an_exception_of_the_parent_comes_through() -> None:
    with pytest.raises(ValueError, match="boom"), ending_forks():
        raises()


def test_what_a_child_has_printed_is_not_lost() -> None:
    reader, writer = os.pipe()
    with ending_forks():
        child = os.fork()
        if child == 0:
            sys.stdout = os.fdopen(writer, "w")
            print("said by the child", end="")
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as read:
        assert read.read() == "said by the child"
