"""What is made of the errors of object stores. Those of a store over HTTP are in ``test_pickled_on_s3.py``."""

from __future__ import annotations

from pathlib import Path

import obstore
import pytest
from obstore.exceptions import BaseError, GenericError
from obstore.store import LocalStore, MemoryStore

from rivers.io_handlers.store_faults import explained, place, reason, refusal

REFUSED = (
    "Object at location a not found: Error performing PUT http://localhost/b/a in 4.344256ms - Server returned "
    'non-2xx status code: 404 Not Found: <?xml version="1.0" encoding="utf-8"?>\n<Error><Code>NoSuchBucket</Code>'
    "<Message>The specified bucket does not exist</Message></Error>\n\nDebug source:\nNotFound {\n}"
)


def test_a_store_is_called_what_it_says_of_itself_but_not_by_an_address_in_memory(tmp_path: Path) -> None:
    assert place(LocalStore(tmp_path)) == f'LocalStore("{tmp_path}")'
    assert place(MemoryStore()) == "MemoryStore()"


def test_an_xml_response_is_told_by_its_code_and_message_without_times_and_structures() -> None:
    assert refusal(GenericError(REFUSED)) == "NoSuchBucket: The specified bucket does not exist"
    assert refusal(GenericError("<Code>Odd</Code>")) == "Odd"
    assert refusal(GenericError("no response")) is None
    assert reason(GenericError(REFUSED)) == (
        "Object at location a not found: Error performing PUT http://localhost/b/a - Server returned non-2xx status "
        "code: 404 Not Found: NoSuchBucket: The specified bucket does not exist"
    )


@pytest.mark.parametrize("time", ["268.941µs", "9.35s", "3ms", "120ns"])
def test_no_time_is_left_that_would_differ_the_next_time(time: str) -> None:
    assert reason(GenericError(f"Error performing GET x in {time}, after 2 retries")) == (
        "Error performing GET x, after 2 retries"
    )


def test_what_the_system_said_is_taken_out_of_the_structure() -> None:
    structure = '\n\nDebug source:\nOs {\n    message: "Connection refused",\n}'
    assert reason(GenericError(f"HTTP error{structure}")) == "HTTP error (Connection refused)"
    assert reason(GenericError(f"HTTP error: Connection refused{structure}")) == "HTTP error: Connection refused"


def test_the_class_stays_what_the_store_raised(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BaseError) as blocked:
        obstore.put(LocalStore(tmp_path), "file/a", b"")
    assert type(explained(blocked.value, "x")) is type(blocked.value)
    assert str(explained(blocked.value, "x")).startswith("x: ")
    with pytest.raises(ValueError) as unparsed:
        obstore.put(MemoryStore(), "a//b", b"")
    assert type(explained(unparsed.value, "x")) is ValueError
    assert type(explained(FileNotFoundError("y"), "x")) is FileNotFoundError


def test_a_class_that_may_need_more_than_a_text_becomes_the_one_it_derives_from() -> None:
    assert repr(explained(PermissionError("y"), "x")) == "OSError('x: y')"
    undecodable = explained(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "y"), "x")
    assert type(undecodable) is ValueError
    assert str(undecodable).startswith("x: 'utf-8' codec")
