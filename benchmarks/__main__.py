"""`python -m benchmarks` runs every benchmark, `python -m benchmarks cpu` the one of that name."""

from __future__ import annotations

import subprocess
import sys

MODULES = {
    "cpu": "benchmarks.cpu",
    "crowds": "benchmarks.crowds",
    "ban": "benchmarks.ban",
    "import": "benchmarks.imports",
    "limiters": "benchmarks.limiters",
    "pacing": "benchmarks.pacing",
    "placing": "benchmarks.placing",
    "reading": "benchmarks.reading",
    "redis": "benchmarks.redis",
    "start": "benchmarks.start",
    "streams": "benchmarks.streams",
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, each in a process of its own; 0 if all of them ran."""
    if names in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(MODULES)}", file=sys.stderr)
        return 2
    codes = [subprocess.call([sys.executable, "-m", MODULES[name]]) for name in names or MODULES]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
