"""An hour, or as many seconds as the first argument says; under trio with `trio` as the second."""

from __future__ import annotations

import sys

import anyio

from tests.soak.program import Soak
from tests.soak.watching import growth


def main() -> None:
    """Run, tell, and fail if something has grown."""
    soak = Soak(float((sys.argv[1:] or ["3600"])[0]), is_told=True)
    anyio.run(soak.run, backend=(sys.argv[2:] or ["asyncio"])[0])
    print(f"   before {soak.before}\n    after {soak.after}\n{dict(soak.counts)}")
    grown = growth(soak.uses)
    print(f"grown: {grown or 'nothing'}; problems: {soak.problems or 'none'}")
    sys.exit(bool(grown or soak.problems))


if __name__ == "__main__":
    main()
