"""The pages hang together: links lead somewhere, the index has every page, the guide has every command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import rivers as rs
from rivers.cli.app import app
from tests.docs.pages import DOCS, GUIDE

PAGES = [
    DOCS / "README.md",
    DOCS / "glossary.md",
    *sorted(GUIDE.glob("*.md")),
    *sorted((DOCS / "reference").glob("*.md")),
]
MISSING = ("AutomationCondition", "BackfillStrategy")
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def anchors_of(page: Path) -> list[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def broken_links(page: Path) -> Iterator[str]:
    """Links to files that do not exist and to headings that their page does not have."""
    for target in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in anchors_of(goal)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One `two`\n[a](#one-two) [b](#two) [c](other.md) [d](page.md#one-two)\n```text\n[e](f.md)\n```\n"
    )
    assert list(broken_links(page)) == ["#two", "other.md"]


def test_the_index_has_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = [path.relative_to(DOCS).as_posix() for path in sorted(DOCS.rglob("*.md"))]
    listed = [page for page in pages if page != "README.md" and not page.startswith(("adr/", "reference/"))]
    assert [page for page in listed if f"]({page})" not in index] == []
    assert "](adr/)" in index
    assert "](reference/README.md)" in index


def test_the_index_of_the_reference_has_every_page() -> None:
    index = (DOCS / "reference" / "README.md").read_text(encoding="utf-8")
    pages = [path.name for path in sorted((DOCS / "reference").glob("*.md")) if path.name != "README.md"]
    assert [page for page in pages if f"]({page})" not in index] == []


def commands_of(command: Any, name: str) -> Iterator[tuple[str, list[str]]]:
    """Every command that does something, with its options."""
    options = [option for each in command.params for option in each.opts if option.startswith("--")]
    below = getattr(command, "commands", {})
    if not below or command.invoke_without_command:
        yield name, options
    for key, each in below.items():
        yield from commands_of(each, f"{name} {key}")


def test_the_guide_has_every_command_and_every_option() -> None:
    text = (GUIDE / "cli.md").read_text(encoding="utf-8").replace(r"pause \| resume \| reset", "pause")
    commands = dict(commands_of(typer.main.get_command(app), "rivers"))
    assert len(commands) > 8
    same = {"rivers automations resume", "rivers automations reset"}
    assert [name for name in commands if name not in same and f"`{name}" not in text] == []
    options = sorted({option for found in commands.values() for option in found})
    assert [option for option in options if f"`{option}" not in text] == []


@pytest.mark.parametrize("name", MISSING)
def test_what_is_said_to_be_missing_is_missing(name: str) -> None:
    assert not hasattr(rs, name), (
        f"rivers.{name} exists: take it out of 'Not there yet' in docs/guide/getting-started.md"
    )


_SOURCE = re.compile(r"`((?:rivers|tests|scenarios|bench)/[\w/]+\.py)`")


def missing_sources(text: str) -> list[str]:
    """The files of the project that a page names and that do not exist."""
    return [path for path in _SOURCE.findall(text) if not (DOCS.parent / path).is_file()]


@pytest.mark.parametrize(
    "page", [*sorted(DOCS.rglob("*.md")), DOCS.parent / "CONTRIBUTING.md"], ids=lambda page: page.stem
)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    assert missing_sources(page.read_text(encoding="utf-8")) == []


def test_a_file_that_has_moved_is_seen() -> None:
    assert missing_sources("open `rivers/ids.py` or `rivers/gone.py`") == ["rivers/gone.py"]
