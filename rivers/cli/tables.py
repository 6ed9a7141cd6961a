"""The output of commands: tables that fit 80 columns, times, short ids, one JSON document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

SHORT_ID_LENGTH: Final = 8

JsonOption = Annotated[
    bool, typer.Option("--json/--no-json", help="Print JSON, with full ids and times in nanoseconds.")
]


def short_id(run_id: str) -> str:
    """Return enough of a run id to tell runs apart. Commands accept it in place of the whole."""
    return run_id[:SHORT_ID_LENGTH]


def time_text(ns: int | None) -> str:
    """Return ``YYYY-MM-DD HH:MM:SS UTC`` for epoch nanoseconds, ``-`` for ``None``."""
    if ns is None:
        return "-"
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def one_line(text: str) -> str:
    """Return ``text`` without line breaks and control characters, which could break a line or drive a terminal."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, whole: Sequence[int] = ()) -> None:
    """Print rows under headers. Columns in ``whole`` never wrap; without a terminal the table is 80 columns wide."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for position, header in enumerate(headers):
        table.add_column(Text(header), no_wrap=position in whole, overflow="fold")
    for row in rows:
        # As Text, since rich reads markup out of a str, and users wrote these.
        table.add_row(*(Text(one_line(cell)) for cell in row))
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(table)
    # rich fills every line up to the width of the table.
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
