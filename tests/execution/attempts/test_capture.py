"""What steps print and log: kept apart by thread and coroutine, and still forwarded."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rivers.execution.attempts.capture import LINE_CHARACTERS, Captured, KeptText, captured_by, capturing


def test_a_step_keeps_what_it_prints_and_logs_and_the_streams_still_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    captured = Captured()
    with capturing():
        with captured_by(captured):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            logging.getLogger("rivers.assets.a.b").warning("rows: %d", 3)
        print("between steps")
    assert captured.texts() == ("to stdout\n", "to stderr\n", "WARNING rows: 3\n")
    out, err = capsys.readouterr()
    assert out == "to stdout\nbetween steps\n"
    assert err.startswith("to stderr\n")


def test_a_step_that_closes_a_stream_takes_it_from_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    with capturing():
        sys.stdout.close()
        print("still there")
    assert capsys.readouterr().out == "still there\n"


def test_nothing_printed_is_nothing_captured() -> None:
    captured = Captured()
    assert not captured
    assert captured.texts() == (None, None, None)


def test_the_streams_are_put_back_when_the_last_run_ends() -> None:
    stream = sys.stdout
    with capturing():
        with capturing():
            assert sys.stdout is not stream
        assert sys.stdout is not stream
        assert sys.stdout.encoding == stream.encoding
    assert sys.stdout is stream
    assert logging.getLogger("rivers.assets").handlers == []


@pytest.mark.rule("contexts 3.5")
def test_threads_keep_their_text_apart() -> None:
    both = threading.Barrier(2)

    def step(name: str) -> str | None:
        captured = Captured()
        with captured_by(captured):
            for _ in range(20):
                both.wait(30)
                print(name, end="")
        return captured.texts()[0]

    with capturing(), ThreadPoolExecutor(2) as pool:
        assert list(pool.map(step, ["a", "b"])) == ["a" * 20, "b" * 20]


@pytest.mark.rule("contexts 3.5")
def test_coroutines_on_one_loop_keep_their_text_apart() -> None:
    async def step(name: str) -> str | None:
        captured = Captured()
        with captured_by(captured):
            for _ in range(5):
                print(name, end="")
                await asyncio.sleep(0)
        return captured.texts()[0]

    async def main() -> list[str | None]:
        return list(await asyncio.gather(step("a"), step("b")))

    with capturing():
        assert asyncio.run(main()) == ["aaaaa", "bbbbb"]


def forget_logging_setup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logging as a program finds it that has set nothing up; a test runner puts handlers in for each test."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logging.getLogger().setLevel(logging.WARNING)


def logged_in_a_step() -> str | None:
    captured = Captured()
    with capturing():
        with captured_by(captured):
            logging.getLogger("rivers.assets.a").info("rows: %d", 3)
            logging.getLogger("rivers.tasks.t").debug("too fine")
    return captured.texts()[2]


@pytest.mark.rule("contexts 3.8")
def test_lines_of_level_info_are_kept_unless_the_program_has_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_logging_setup(monkeypatch)
    assert logged_in_a_step() == "INFO rows: 3\n"
    assert logging.getLogger("rivers.assets").level == logging.NOTSET


@pytest.mark.rule("contexts 3.8")
@pytest.mark.parametrize("name", ["rivers.assets", "rivers", None])
def test_a_level_that_the_program_has_set_holds(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    forget_logging_setup(monkeypatch)
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        assert logged_in_a_step() is None
    finally:
        logger.setLevel(before)


def test_the_level_of_a_program_with_handlers_of_its_own_holds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    assert logged_in_a_step() is None


def test_a_warning_that_no_handler_takes_is_printed_as_without_us(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forget_logging_setup(monkeypatch)
    captured, log = Captured(), logging.getLogger("rivers.assets.a")
    with capturing(), captured_by(captured):
        log.info("begun")
        log.warning("rows: %d", 3)
    assert captured.texts() == (None, None, "INFO begun\nWARNING rows: 3\n")
    assert capsys.readouterr().err == "rows: 3\n"


def test_a_warning_that_a_handler_takes_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forget_logging_setup(monkeypatch)
    monkeypatch.setattr(logging.getLogger("rivers"), "handlers", [logging.NullHandler()])
    with capturing(), captured_by(Captured()):
        logging.getLogger("rivers.assets.a").warning("rows: %d", 3)
    assert capsys.readouterr().err == ""


@pytest.mark.rule("contexts 3.9")
@pytest.mark.parametrize("piece", [1, 7, 100, 10_000])
def test_of_a_long_text_the_beginning_and_the_end_are_kept_and_the_gap_is_counted(piece: int) -> None:
    kept = KeptText(100)
    whole = "".join(str(number % 10) for number in range(10_000))
    for position in range(0, len(whole), piece):
        kept.append(whole[position : position + piece])
    assert str(kept) == f"{whole[:50]}\n... 9900 characters are left out here ...\n{whole[-50:]}"
    assert str(kept) == str(kept)


def test_a_text_that_fits_is_kept_whole() -> None:
    kept = KeptText(100)
    for _ in range(10):
        kept.append("0123456789")
    assert str(kept) == "0123456789" * 10


def test_everything_is_forwarded_though_not_everything_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    captured = Captured()
    with capturing():
        with captured_by(captured):
            for _ in range(30):
                sys.stdout.write("x" * 100_000)
    assert len(capsys.readouterr().out) == 3_000_000
    stdout, _, _ = captured.texts()
    assert stdout is not None
    assert len(stdout) < 1_000_100
    assert "... 2000000 characters are left out here ..." in stdout


class Parts:
    """A stream that remembers each write apart."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, text: str) -> int:
        self.written.append(text)
        return len(text)

    def flush(self) -> None:
        self.written.append("<flush>")


def parts_of_stdout(monkeypatch: pytest.MonkeyPatch) -> Parts:
    """Not a fixture: pytest puts a stream of its own in place when a test begins."""
    parts = Parts()
    monkeypatch.setattr(sys, "stdout", parts)
    return parts


def test_the_stream_gets_the_lines_of_a_step_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = parts_of_stdout(monkeypatch)
    with capturing(), captured_by(Captured()):
        print("one", "two", 3)
        sys.stdout.write("four\nfi")
        sys.stdout.writelines(["ve\n", "six\n"])
    assert stdout.written == ["one two 3\n", "four\n", "five\n", "six\n"]


def test_a_line_without_an_end_reaches_the_stream_when_it_is_flushed_too_long_or_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stdout = parts_of_stdout(monkeypatch)
    with capturing():
        with captured_by(Captured()):
            print("half", end="", flush=True)
            print("x" * LINE_CHARACTERS, end="")
            assert stdout.written == ["half", "<flush>"]
            print("y", end="")
            assert stdout.written[2:] == ["x" * LINE_CHARACTERS + "y"]
            print("the last", end="")
        print("outside")
    assert stdout.written[3:] == ["the last", "outside", "\n"]


def test_threads_of_a_step_lose_no_part_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = parts_of_stdout(monkeypatch)
    captured = Captured()
    with capturing():

        def step(name: str) -> None:
            with captured_by(captured):
                for _ in range(2000):
                    print(name, end="")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(step, "abcd"))
    assert sorted("".join(stdout.written)) == sorted("abcd" * 2000)


def test_a_stream_that_is_closed_when_a_step_ends_takes_nothing_from_its_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stdout = parts_of_stdout(monkeypatch)

    def refuse(text: str) -> int:
        raise ValueError("I/O operation on closed file")

    captured = Captured()
    with capturing(), captured_by(captured):
        print("half", end="")
        monkeypatch.setattr(stdout, "write", refuse)
    assert captured.texts() == ("half", None, None)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("I/O operation on closed file")])
def test_a_stream_that_takes_nothing_more_ends_no_step(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = parts_of_stdout(monkeypatch)

    def refuse(*_: object) -> int:
        raise error

    monkeypatch.setattr(stdout, "write", refuse)
    monkeypatch.setattr(stdout, "flush", refuse)
    captured = Captured()
    with capturing(), captured_by(captured):
        print("one")
        print("two", flush=True)
    assert captured.texts() == ("one\ntwo\n", None, None)


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_what_is_printed_is_kept_also_where_the_process_has_no_streams(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, name, None)
    captured = Captured()
    with capturing():
        with captured_by(captured):
            print("kept", file=getattr(sys, name), flush=True)
        print("nowhere", file=getattr(sys, name), flush=True)
    assert getattr(sys, name) is None
    assert "kept\n" in captured.texts()
