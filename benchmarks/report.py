"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def heading(text: str) -> None:
    """A title with room above."""
    print(f"\n{text}\n{'-' * len(text)}")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns of one width each, the first to the left, the others to the right."""
    lines = [tuple(columns), *(tuple(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  ".join(cells).rstrip())


def target(what: str, value: float, limit: float, unit: str = "") -> str:
    """One line that says whether a target is met."""
    verdict = "met" if value <= limit else f"MISSED by {value / limit - 1:.0%}"
    return f"{what}: {value:.2f}{unit}, target {limit:.3g}{unit}: {verdict}"
