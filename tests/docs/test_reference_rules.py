"""The reference is kept: every rule has a test that names it, and every test names rules that there are."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import DOCS
from tests.docs.rules import (
    Found,
    Markers,
    citations_of,
    misplaced_rules,
    rules_of,
    sections_of,
)

REFERENCE = DOCS / "reference"
PAGES = sorted(path for path in REFERENCE.glob("*.md") if path.name != "README.md")


@cache
def modules() -> list[Markers]:
    """Read the modules below ``tests/`` and ``scenarios/`` in which a rule may be named."""
    found = [path for folder in ("tests", "scenarios") for path in sorted((DOCS.parent / folder).rglob("*.py"))]
    return [Markers(path) for path in found if "mark.rule" in path.read_text(encoding="utf-8")]


def written_twice(rules: list[Found]) -> list[str]:
    count = Counter(rule.id for rule in rules)
    return [f"{rule.place}: {rule.id}" for rule in rules if count[rule.id] > 1]


def without(these: list[Found], those: list[Found]) -> list[str]:
    """Describe those of the first list whose id the second does not have."""
    ids = {each.id for each in those}
    return [f"{each.place}: {each.id}" for each in these if each.id not in ids]


RULES = [rule for page in PAGES for rule in rules_of(page)]
SECTIONS = [section for page in PAGES for section in sections_of(page)]


def markers() -> list[Found]:
    return [marker for module in modules() for marker in module.named]


def test_every_rule_has_a_test() -> None:
    assert without(RULES, markers()) == []


def test_every_marker_names_a_rule() -> None:
    assert without(markers(), RULES) == []


def test_no_rule_is_written_twice_nor_has_the_number_of_a_section() -> None:
    assert written_twice([*RULES, *SECTIONS]) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_rule_has_the_id_of_its_page_and_section(page: Path) -> None:
    assert misplaced_rules(page) == []


def test_what_a_page_refers_to_exists() -> None:
    cited = [citation for page in PAGES for citation in citations_of(page, [each.stem for each in PAGES])]
    assert without(cited, [*RULES, *SECTIONS]) == []


def test_every_marker_says_which_rule_its_test_shows() -> None:
    assert [mistake for module in modules() for mistake in module.mistakes] == []


# -- planted mistakes --------------------------------------------------------------------------------------------------

PAGE = """
# Assets

## 1. Names

**assets 1.1** A paragraph. It cites assets 1.2 and goes on,
**boldly**.

1. **assets 1.2** An item.

### 1.3 Below

| rule | meaning |
|---|---|
| **assets 1.3.1** | A row. |

A paragraph without an id.
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "assets.md"
    path.write_text(PAGE)
    return path


def test_paragraphs_items_and_rows_may_be_rules(page: Path) -> None:
    assert rules_of(page) == [
        Found("assets 1.1", "assets.md:6"),
        Found("assets 1.2", "assets.md:9"),
        Found("assets 1.3.1", "assets.md:15"),
    ]
    assert misplaced_rules(page) == []


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("**assets 1.4** Of the section before.", "assets 1.4 is no rule of assets 1.3"),
        ("- **jobs 1.3.2** Of another page.", "jobs 1.3.2 is no rule of assets 1.3"),
        ("**assets 1.3.2** Two rules. **assets 1.3.3** In one line.", "a bold id that is not at the start of a rule"),
        ("As **assets 1.1** says.", "a bold id that is not at the start of a rule"),
        ("**assets 1** A section is no rule.", "a bold id that is not at the start of a rule"),
    ],
)
def test_an_id_in_the_wrong_place_is_seen(page: Path, line: str, mistake: str) -> None:
    page.write_text(f"{PAGE}\n{line}\n")
    assert misplaced_rules(page) == [f"assets.md:19: {mistake}"]


def test_a_rule_that_is_written_twice_is_seen(page: Path) -> None:
    page.write_text(PAGE.replace("assets 1.2** An", "assets 1.1** An"))
    assert written_twice(rules_of(page)) == ["assets.md:6: assets 1.1", "assets.md:9: assets 1.1"]


def test_a_rule_with_the_number_of_a_section_is_seen(page: Path) -> None:
    page.write_text(PAGE.replace("assets 1.2** An", "assets 1.3** An"))
    assert written_twice([*rules_of(page), *sections_of(page)]) == [
        "assets.md:9: assets 1.3",
        "assets.md:11: assets 1.3",
    ]


def test_a_reference_to_what_does_not_exist_is_seen(page: Path) -> None:
    page.write_text(f"{PAGE}\nAs assets 1.3, assets 1.4 and jobs 2 say, and other-assets 7.\n")
    cited = citations_of(page, ["assets", "jobs"])
    assert [each.id for each in cited] == ["assets 1.2", "assets 1.3", "assets 1.4", "jobs 2"]
    assert without(cited, [*rules_of(page), *sections_of(page)]) == [
        "assets.md:19: assets 1.4",
        "assets.md:19: jobs 2",
    ]


MODULE = """
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.rule("assets 1.1")]

@pytest.mark.rule("assets 1.2", "assets 1.3.1")
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.rule("assets 1.9"))])
async def test_something(x): ...

@pytest.mark.rule("assets 1.4")
class TestThings: ...
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "test_things.py"
    path.write_text(MODULE)
    return path


def test_modules_classes_functions_and_parameters_name_rules(module: Path) -> None:
    named = ["assets 1.1", "assets 1.2", "assets 1.3.1", "assets 1.9", "assets 1.4"]
    assert [marker.id for marker in Markers(module).named] == named
    assert Markers(module).mistakes == []


def test_a_rule_without_a_test_and_a_marker_without_a_rule_are_seen(page: Path, module: Path) -> None:
    module.write_text(MODULE.replace('"assets 1.3.1"', '"assets 1.3"'))
    assert without(rules_of(page), Markers(module).named) == ["assets.md:15: assets 1.3.1"]
    assert without(Markers(module).named, rules_of(page)) == [
        "test_things.py:6: assets 1.3",
        "test_things.py:7: assets 1.9",
        "test_things.py:10: assets 1.4",
    ]


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ('@pytest.mark.rule("assets 1.1")\ndef helper(): ...', "a rule is named where no test is marked"),
        ('RULE = pytest.mark.rule("assets 1.1")', "a rule is named where no test is marked"),
        ("@pytest.mark.rule\ndef test_a(): ...", "the marker takes one id or several"),
        ("@pytest.mark.rule()\ndef test_a(): ...", "the marker takes one id or several"),
        ('@pytest.mark.rule(id="assets 1.1")\ndef test_a(): ...', "the marker takes one id or several"),
        ("@pytest.mark.rule(RULE)\ndef test_a(): ...", "an id is a literal text"),
    ],
)
def test_a_marker_that_says_nothing_is_seen(module: Path, lines: str, mistake: str) -> None:
    module.write_text(f"{MODULE}\n{lines}\n")
    assert Markers(module).mistakes == [f"test_things.py:13: {mistake}"]


def test_a_marker_in_a_module_that_pytest_does_not_collect_is_seen(module: Path) -> None:
    elsewhere = module.rename(module.with_name("things.py"))
    assert "things.py:4: a rule is named where no test is marked" in Markers(elsewhere).mistakes
