"""`python -m bingx_async` is the command `bingx-async`."""

from bingx_async.cli import main

main()
