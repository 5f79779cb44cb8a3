"""The figures of a run as a table: `CI=true python -m tests.faults`."""

from __future__ import annotations

import sys
import time

from tests.faults.matrix import GROUPS, TRANSPORTS, Report, run

HEAD = "| Faults | Cells | Broken | Not promised |\n|---|---|---|---|"


def table(reports: dict[str, list[Report]]) -> str:
    """The cells and the broken promises of each group, as markdown."""
    rows = [HEAD]
    for name, found in reports.items():
        counts = [sum(counted) for counted in zip(*map(_counts, found), strict=True)]
        rows.append(f"| {name} | {' | '.join(map(str, counts))} |")
    return "\n".join(rows)


def _counts(report: Report) -> tuple[int, int, int]:
    return report.cells, len(report.broken), len(report.not_promised)


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
            reports.setdefault(f"{group}, {transport}", []).append(report)
            print(f"{group} / {transport}: {time.monotonic() - started:.1f} s", file=sys.stderr)
            for text in (*report.broken, *(f"(not promised) {text}" for text in report.not_promised)):
                print("  ", text, file=sys.stderr)
    print(table(reports))


if __name__ == "__main__":
    main()
