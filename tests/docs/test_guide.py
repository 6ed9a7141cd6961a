"""Every example of the guide is tried as it stands, from top to bottom of its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import own_modules
from tests.docs.pages import DOCS, GUIDE, Block, blocks_of
from tests.docs.tryout import Mismatch, Tryout

PAGES = [*sorted(GUIDE.glob("*.md")), DOCS / "glossary.md"]
NOT_RUN_MAX = 2


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder that is the current one and that modules are imported from; they are forgotten afterwards."""
    with own_modules(tmp_path):
        yield tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_happens(page: Path, folder: Path) -> None:
    Tryout(folder).page(blocks_of(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_test_file_that_a_page_writes_is_run_by_it(page: Path) -> None:
    blocks = blocks_of(page)
    commands = "\n".join(block.text for block in blocks if block.language == "console")
    written = [block.file for block in blocks if block.file is not None and block.file.startswith("test_")]
    assert [name for name in written if f"$ pytest {name}" not in commands] == []


def test_hardly_any_block_is_left_untried() -> None:
    left = [block.place for page in PAGES for block in blocks_of(page) if not block.runs]
    assert len(left) <= NOT_RUN_MAX, left


def tried(folder: Path, text: str) -> None:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    Tryout(folder).page([Block(DOCS / "page.md", each.line, *_rest(each)) for each in blocks_of(page)])


def _rest(block: Block) -> tuple[str, tuple[str, ...], str]:
    return block.language, block.marks, block.text


def test_a_page_that_is_right_passes(folder: Path) -> None:
    tried(
        folder,
        "```python shop.py\nx = 1\n```\n```python\nfrom shop import x\nprint(x)\n```\n```text\n1\n```\n"
        "```python raises\n1 / 0\n```\n```text\nZeroDivisionError: division by zero\n```\n"
        "```console\n$ cat shop.py\nx = 1\n```\n",
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```python\nprint(1)\n```\n```text\n2\n```\n", "the page shows\n  | 2\nbut this came out\n  | 1"),
        ("```python\nprint(1)\n```\n", "does not show"),
        ("```python raises\n1\n```\n", "was to raise"),
        ("```text\n1\n```\n", "no Python block"),
        ("```console\n$ echo 1\n2\n```\n", r"\$ echo 1"),
        ("```console\n$ false\n```\n", "exit code 1"),
        ("```console\n$ echo Error: no\nError: no\n```\n", "exit code 0"),
        ("```console\n^C\n```\n", "no server is running"),
        ("```console\n1\n```\n", "begins with a command"),
        ("```console\n$ echo 3fa8c1d2; echo 3fa8c1d2\n11111111\n22222222\n```\n", "came out"),
    ],
)
def test_a_page_that_is_wrong_is_caught(folder: Path, text: str, complaint: str) -> None:
    with pytest.raises(Mismatch, match=complaint):
        tried(folder, text)


def test_an_error_in_a_block_comes_through(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        tried(folder, "```python\n1 / 0\n```\n")


def test_an_id_stands_for_one_id_throughout_a_page(folder: Path) -> None:
    tried(folder, "```console\n$ echo run 3fa8c1d2\nrun 11111111\n$ echo 11111111; echo ...\n11111111\n...\n```\n")


def test_a_server_is_expected_to_say_what_the_page_shows_and_to_end(folder: Path) -> None:
    (folder / "shop.py").write_text("import rivers as rs\nrepo = rs.CodeRepository(assets=[])\n")
    start = "```console\n$ rivers serve shop\n  0 schedules, 0 sensors; press Ctrl-C to stop\n```\n"
    with pytest.raises(Mismatch, match="leaves its server running"):
        tried(folder, start)
    tried(folder, f"{start}```console\n^C2026-11-21 08:43:07 UTC  stopping: no more triggers are fired\n```\n")


@pytest.mark.parametrize("text", ["```\nx\n```\n", "```python\nx\n", "```ruby\nx\n```\n"])
def test_a_block_says_its_language_and_ends(folder: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"page\.md:1"):
        tried(folder, text)
