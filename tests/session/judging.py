"""What the library has found out about a call in doubt, beside the emulator's book and its list of requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bingx_async.emulator.trading.orders import Order
from bingx_async.errors import OutcomeUnknown
from bingx_async.models import Resolution, ResolutionStatus
from bingx_async.spot.target import Act, Target
from bingx_async.spot.targets import targets_of
from tests.session.watched import Visit
from tests.session.world import World

EXECUTED, NOT_EXECUTED = ResolutionStatus.EXECUTED, ResolutionStatus.NOT_EXECUTED


def judge(world: World, uid: str, error: OutcomeUnknown, resolution: Resolution) -> None:
    """Fail if the resolution is not as the book says; what it leaves unknown is not wrong."""
    targets = targets_of(error)
    parts = [resolution] if len(targets) == 1 else list(resolution.parts.values())
    for target, part in zip(targets, parts, strict=True) if targets else ():
        if part.is_known and not TRUTHS[target.act](world, uid, error, target, part.status is EXECUTED):
            raise AssertionError(
                f"seed {world.seed}, {world.now:.3f} s, account {uid}: {part.status} of {target} is wrong: {error!r}; "
                f"{resolution.evidence}; the request: {request_of(world, uid, error)}"
            )
        if part.is_known and target.act in (Act.PLACE, Act.PLACE_OCO):
            known = world.known[uid]
            (known.placed if part.status is EXECUTED else known.absent).update(target.names)


def request_of(world: World, uid: str, error: OutcomeUnknown) -> Visit | None:
    """The request in doubt, as the emulator wrote it down: known by its path and its timestamp."""
    if error.sent_at is None:
        return None
    stamp = str(round(error.sent_at.timestamp() * 1000))
    found = [
        visit
        for visit in world.emulator.visits
        if visit.account == uid
        and visit.route.endswith(f" {error.endpoint}")
        and visit.params.get("timestamp") == stamp
    ]
    return found[0] if len(found) == 1 else None


def _ran(world: World, uid: str, error: OutcomeUnknown) -> bool:
    request = request_of(world, uid, error)
    return request is not None and request.is_accepted


def _order_of(world: World, uid: str, target: Target) -> Order | None:
    book = world.book(uid)
    if target.order_id:
        return book.find(int(target.order_id))
    return next((order for name in target.names if (order := book.find(None, name, 0)) is not None), None)


def _placed(world: World, uid: str, error: OutcomeUnknown, target: Target, is_executed: bool) -> bool:
    return is_executed == (_order_of(world, uid, target) is not None)


def _oco_placed(world: World, uid: str, error: OutcomeUnknown, target: Target, is_executed: bool) -> bool:
    return is_executed == any(world.book(uid).find_pair(name) is not None for name in target.names)


def _cancelled(world: World, uid: str, error: OutcomeUnknown, target: Target, is_executed: bool) -> bool:
    """An order that is cancelled may have been so by another call; one that is not was not cancelled by this one."""
    order = _order_of(world, uid, target)
    is_gone = order is not None and order.status == "CANCELED"
    return is_gone if is_executed else not is_gone or not _ran(world, uid, error)


def _oco_cancelled(world: World, uid: str, error: OutcomeUnknown, target: Target, is_executed: bool) -> bool:
    pair = next((it for name in (target.order_id, *target.names) if (it := world.book(uid).find_pair(name))), None)
    is_gone = pair is not None and {leg.status for leg in pair.legs} == {"CANCELED"}
    return is_gone if is_executed else not is_gone or not _ran(world, uid, error)


def _all_cancelled(world: World, uid: str, error: OutcomeUnknown, target: Target, is_executed: bool) -> bool:
    assert error.sent_at is not None
    before = error.sent_at.timestamp() * 1000
    left = [
        order
        for order in world.book(uid).orders.values()
        if target.symbol in ("", order.symbol) and order.placed_at < before
    ]
    return not left if is_executed else not _ran(world, uid, error)


TRUTHS: Mapping[Act, Callable[[World, str, OutcomeUnknown, Target, bool], bool]] = {
    Act.PLACE: _placed,
    Act.CANCEL: _cancelled,
    Act.CANCEL_ALL: _all_cancelled,
    Act.PLACE_OCO: _oco_placed,
    Act.CANCEL_OCO: _oco_cancelled,
}
