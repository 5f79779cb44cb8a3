"""The figures of a run as a table: `CI=true python -m tests.faults`."""

from __future__ import annotations

import sys
import time

from tests.faults.matrix import GROUPS, TRANSPORTS, Report, run

HEAD = "| Faults | Cells | Broken | Not promised |\n|---|---|---|---|"


def table(reports: dict[str, list[Report]]) -> str:
    """The cells and the broken promises of each group, as markdown; the last column has the transports apart."""
    return "\n".join((HEAD, *(_row(group, found) for group, found in reports.items())))


def _row(group: str, found: list[Report]) -> str:
    cells, broken = sum(report.cells for report in found), sum(len(report.broken) for report in found)
    return f"| {group} | {cells} | {broken} | {' / '.join(str(len(report.not_promised)) for report in found)} |"


def main() -> None:
    """Run everything, or the groups and transports that are named."""
    reports: dict[str, list[Report]] = {}
    named = sys.argv[1:]
    for transport in TRANSPORTS:
        for group in GROUPS:
            if named and not {group, transport} & set(named):
                continue
            started = time.monotonic()
            report = run(group, transport)
            reports.setdefault(group, []).append(report)
            print(f"{group} / {transport}: {time.monotonic() - started:.1f} s", file=sys.stderr)
            for text in (*report.broken, *(f"(not promised) {text}" for text in report.not_promised)):
                print("  ", text, file=sys.stderr)
    print(table(reports))


if __name__ == "__main__":
    main()
