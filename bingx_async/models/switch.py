"""The state of a dead man's switch that is being renewed."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["SwitchState"]


class SwitchState(StrEnum):
    """Renewed in time; less than a third of the timeout is left; the time has run out; closed, so that nothing will be
    cancelled; left armed, to run out."""

    ARMED = "armed"
    LATE = "late"
    EXPIRED = "expired"
    CLOSED = "closed"
    LEFT_ARMED = "left armed"
