"""The package's log. A filter or handler of the application that raises must not stop a call half-way."""

from __future__ import annotations

import contextlib
import logging

_log = logging.getLogger("bingx_async")


def inform(text: str, *values: object) -> None:
    """Log an event of normal operation."""
    with contextlib.suppress(Exception):
        _log.info(text, *values, stacklevel=2)


def warn(text: str, *values: object, with_traceback: bool = False) -> None:
    """Log a problem that deserves a look; `with_traceback` of the exception being handled, as an error."""
    level = logging.ERROR if with_traceback else logging.WARNING
    with contextlib.suppress(Exception):
        _log.log(level, text, *values, exc_info=with_traceback, stacklevel=2)
