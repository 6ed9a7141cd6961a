"""What other threads tell a run's thread."""

from __future__ import annotations

import threading
from multiprocessing.connection import wait

from rivers.execution.inbox import Inbox


def is_readable(inbox: Inbox[int]) -> bool:
    return bool(wait([inbox.fileno()], 0))


def test_it_is_readable_while_something_is_in_it_and_keeps_the_order() -> None:
    inbox = Inbox[int]()
    assert not is_readable(inbox)
    for number in range(3):
        assert inbox.put(number)
    assert is_readable(inbox)
    assert inbox.take() == [0, 1, 2]
    assert not is_readable(inbox)
    assert inbox.take() == []
    inbox.close()


def test_a_thread_that_waits_for_it_is_woken() -> None:
    inbox = Inbox[int]()
    teller = threading.Thread(target=inbox.put, args=(7,))
    teller.start()
    assert wait([inbox.fileno()], 10)
    assert inbox.take() == [7]
    teller.join()
    inbox.close()


def test_a_closed_one_takes_nothing_and_gives_back_what_was_left() -> None:
    inbox = Inbox[int]()
    inbox.put(1)
    assert inbox.close() == [1]
    assert not inbox.put(2)
    assert inbox.close() == []
