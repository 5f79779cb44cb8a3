"""The command line. Packages that only it needs, such as click and rich, are imported when it runs."""

from __future__ import annotations

import sys

NEEDED = frozenset({"click", "rich", "starlette", "uvicorn"})  # the extra [demo]
INTERRUPTED = 130  # the exit code that shells use for Ctrl-C


def main() -> None:
    """Run `bingx-async`; never ends in a traceback for something the user can see to."""
    try:
        from bingx_async.commands import bingx_async

        bingx_async(prog_name="bingx-async")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in NEEDED:
            raise
        sys.stderr.write(f'bingx-async needs {package}: pip install "bingx_async[demo]"\n')
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
