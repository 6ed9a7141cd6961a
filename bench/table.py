"""The figures as a table for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.figures import Figure

_HEADINGS = (
    "what",
    "unit",
    "reference",
    "budget",
    "ours",
    "scaled",
    "of budget",
    "others",
    "floor",
    "times",
    "the floor is",
)
_LEFT = (0, 1, 10)


def rendered(figures: Iterable[Figure]) -> str:
    """Return one line a figure under a line of headings. ``!`` marks what is over its budget.

    ``others`` is the number of cores that other processes used meanwhile. A wall time counts only where it is near 0.
    """
    rows = [_HEADINGS, *map(_cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join(_line(row, widths) for row in rows)


def _cells(figure: Figure) -> tuple[str, ...]:
    floor = figure.floor
    return (
        figure.what,
        figure.unit,
        number(figure.reference),
        number(figure.budget),
        number(figure.ours),
        "-" if figure.loop_seconds is None else number(figure.scaled),
        "-" if figure.of_budget is None else f"{figure.of_budget:.2f}{'!' if figure.of_budget > 1 else ' '}",
        f"{figure.others:.1f}",
        "-" if floor is None else number(floor.value),
        "-" if figure.of_floor is None else f"{figure.of_floor:.1f}x",
        "" if floor is None else floor.what,
    )


def number(value: float | None) -> str:
    """Return three significant digits, a whole number from a hundred on; ``-`` for ``None``."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (
        cell.ljust(widths[column]) if column in _LEFT else cell.rjust(widths[column]) for column, cell in enumerate(row)
    )
    return "  ".join(cells).rstrip()
