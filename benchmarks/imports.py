"""Import time and memory after import, in fresh processes that take turns; medians.

A library that postpones imports until it is used would look better than it is, so the second pair of rows includes a
client made ready to call, with all it needs for that.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from benchmarks import report

ROUNDS = 9
OURS_READY = """
from bingx_async import BingXClient
client = BingXClient("key", "secret")
"""
SNIPPETS = {
    "import bingx_async": "import bingx_async",
    "import ccxt.async_support": "import ccxt.async_support",
    "bingx_async, client": OURS_READY,
    "ccxt.async_support, bingx()": "import ccxt.async_support\nccxt.async_support.bingx()",
    "bare Python": "",
}
FRAME = """
import resource, time
began = time.perf_counter()
{snippet}
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measured(snippet: str) -> tuple[float, float]:
    """Milliseconds and MB."""
    command = [sys.executable, "-W", "ignore", "-c", FRAME.format(snippet=snippet)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, kilobytes = done.stdout.split()
    return float(seconds) * 1000.0, int(kilobytes) / 1000.0


def main() -> None:
    """Measure and print."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in SNIPPETS}
    for snippet in SNIPPETS.values():
        measured(snippet)  # byte code and disk caches
    for _ in range(ROUNDS):
        for name, snippet in SNIPPETS.items():
            found[name].append(measured(snippet))
    millis = {name: median(each[0] for each in runs) for name, runs in found.items()}
    megabytes = {name: median(each[1] for each in runs) for name, runs in found.items()}
    ours, theirs, ours_ready, theirs_ready, _ = SNIPPETS
    report.heading("Import: ratios")
    pairs = [(ours, theirs), (ours_ready, theirs_ready)]
    rows = [[f"{a} / {b}", f"{millis[a] / millis[b]:.2f}", f"{megabytes[a] / megabytes[b]:.2f}"] for a, b in pairs]
    report.table(["", "time", "memory"], rows)
    print()
    print(report.target("import time / ccxt", millis[ours] / millis[theirs], 1 / 3))
    print(report.target("memory after import / ccxt", megabytes[ours] / megabytes[theirs], 1 / 3))
    report.heading("Import: ms and MB (RSS of the whole process)")
    report.table(["", "ms", "MB"], [[name, f"{millis[name]:.0f}", f"{megabytes[name]:.1f}"] for name in SNIPPETS])


if __name__ == "__main__":
    main()
