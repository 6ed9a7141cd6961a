"""The numbered rules of ``docs/reference/`` and the markers by which tests name them, both read without an import.

A rule opens a paragraph, a list item or a table row with its id in bold: ``**assets 3.2**`` is rule 2 of section 3 of
``assets.md``, and ``**assets 3.1.2**`` rule 2 of section 3.1. A test names its rules with
``@pytest.mark.rule("assets 3.2", ...)``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

RULE = re.compile(r"^\s*(?:[-*] |\d+\. |\| )?\*\*([a-z][a-z-]* \d+(?:\.\d+)+)\*\*", re.MULTILINE)
"""How a rule begins. The id is the group."""

_BOLD_ID = re.compile(r"\*\*[a-z][a-z-]* \d+(?:\.\d+)*\*\*")
_HEADING = re.compile(r"^#+ (\d+(?:\.\d+)*)\.? ")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Found:
    """An id of a rule, with the file and the line where it stands."""

    id: str
    place: str


def rules_of(page: Path) -> list[Found]:
    """Return the rules of a page, in the order of the page."""
    return [Found(each.group(1), f"{page.name}:{number}") for number, each in _starts(page)]


def misplaced_rules(page: Path) -> list[str]:
    """Return a complaint for each bold id that is of another page or section, or not at the start of a rule."""
    return list(_misplaced(page))


def citations_of(page: Path, pages: Collection[str]) -> list[Found]:
    """Return the rules and sections that the text of a page refers to, such as ``assets 3`` or ``assets 3.2``."""
    cited = re.compile(rf"(?<![\w*-])(?:{'|'.join(pages)}) \d+(?:\.\d+)*")
    return [
        Found(each.group(), f"{page.name}:{number}") for number, line in _lines(page) for each in cited.finditer(line)
    ]


def sections_of(page: Path) -> list[Found]:
    """Return the numbered sections of a page, as citations name them."""
    headings = [(number, _HEADING.match(line)) for number, line in _lines(page)]
    return [Found(f"{page.stem} {each.group(1)}", f"{page.name}:{number}") for number, each in headings if each]


def _lines(page: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(page.read_text(encoding="utf-8").splitlines(), 1)


def _starts(page: Path) -> Iterator[tuple[int, re.Match[str]]]:
    for number, line in _lines(page):
        if match := RULE.match(line):
            yield number, match


def _misplaced(page: Path) -> Iterator[str]:
    section = ""
    for number, line in _lines(page):
        if heading := _HEADING.match(line):
            section = heading.group(1)
        start = RULE.match(line)
        if start is not None and start.group(1).rpartition(".")[0] != f"{page.stem} {section}":
            yield f"{page.name}:{number}: {start.group(1)} is no rule of {page.stem} {section}"
        for _ in _BOLD_ID.finditer(line, start.end() if start else 0):
            yield f"{page.name}:{number}: a bold id that is not at the start of a rule"


class Markers:
    """The rules that the tests of one module name.

    ``named`` has their ids in order, with repetitions. ``mistakes`` has a complaint for each marker that is not on a
    test, has no id, or has an id that is not a literal text.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.named: list[Found] = []
        self.mistakes: list[str] = []
        module = ast.parse(path.read_text(encoding="utf-8"))
        attached = {id(mark) for place in _places(module) for mark in _marks(place)}
        called = {id(node.func): node for node in ast.walk(module) if isinstance(node, ast.Call)}
        for mark in sorted(_marks(module), key=lambda node: (node.lineno, node.col_offset)):
            self._read(mark, called.get(id(mark)), on_a_test=path.name.startswith("test_") and id(mark) in attached)

    def _read(self, mark: ast.Attribute, call: ast.Call | None, *, on_a_test: bool) -> None:
        place = f"{self.path.name}:{mark.lineno}"
        if not on_a_test:
            self.mistakes.append(f"{place}: a rule is named where no test is marked")
        elif call is None or not call.args or call.keywords:
            self.mistakes.append(f"{place}: the marker takes one id or several")
        else:
            ids = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if len(ids) < len(call.args):
                self.mistakes.append(f"{place}: an id is a literal text")
            self.named.extend(Found(each, place) for each in ids)


def _marks(node: ast.AST) -> list[ast.Attribute]:
    """Return every ``pytest.mark.rule`` below a node."""
    found = [each for each in ast.walk(node) if isinstance(each, ast.Attribute) and each.attr == "rule"]
    return [each for each in found if ast.unparse(each) == "pytest.mark.rule"]


def _places(module: ast.Module) -> Iterator[ast.expr]:
    """Yield where a marker may stand: decorators of tests, ``pytestmark``, and the ``marks`` of a parameter."""
    for node in ast.walk(module):
        if isinstance(node, _DEFINITIONS) and node.name.lower().startswith("test"):
            yield from node.decorator_list
        if isinstance(node, ast.Assign) and [getattr(each, "id", "") for each in node.targets] == ["pytestmark"]:
            yield node.value
        if isinstance(node, ast.keyword) and node.arg == "marks":
            yield node.value
