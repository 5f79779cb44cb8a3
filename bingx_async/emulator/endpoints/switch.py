"""The dead man's switch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bingx_async.emulator.endpoints.desk import Desk, Params, invalid, one_of, whole

SHORTEST, LONGEST = 10, 120  # s


def cancel_all_after(desk: Desk, params: Params) -> Any:
    """Set, renew or close the switch. It is FAILED, under code 0, while orders are being cancelled by it."""
    kind = one_of(params, "type", "ACTIVATE", "CLOSE")
    seconds = whole(params, "timeOut", 0)
    if kind == "ACTIVATE" and not SHORTEST <= seconds <= LONGEST:
        raise invalid(f"timeOut must be {SHORTEST} to {LONGEST} seconds")
    expires_at = desk.time + seconds * 1000 if kind == "ACTIVATE" else None
    if not desk.timeline.set_switch(desk.book.account, expires_at):
        return {"triggerTime": 0, "status": "FAILED", "note": "orders are being cancelled, please try again later"}
    if expires_at is None:
        return {"triggerTime": 0, "status": "CLOSED", "note": "the timer has been closed"}
    in_seconds = desk.variants.switch_time == "seconds"
    moment = datetime.fromtimestamp(expires_at // 1000, UTC)
    note = f"all your spot pending orders will be cancelled at {moment:%Y-%m-%d %H:%M:%S} UTC unless you renew it"
    return {"triggerTime": expires_at // 1000 if in_seconds else expires_at, "status": "ACTIVATED", "note": note}
