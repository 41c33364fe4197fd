"""The states of an order line and the moves between them."""

from enum import IntEnum


class FulfilmentMethod(IntEnum):
    """How the customer gets the goods; numbers as in the contract and in the database."""

    COLLECT = 1
    SHIP = 2


class LineState(IntEnum):
    """Numbers as in the contract and in the database."""

    ACCEPTED = 1
    PLANNED = 2
    RESERVED = 3
    ASSIGNED = 4
    PICKING = 5
    READY = 6
    PARKED = 7
    COLLECTED = 8
    SHIPPED = 9
    CANCELLED = 10
    EXPIRED = 11
    RETURNED = 12
    TRANSFERRING = 13
    """On its way to the store that it is collected from."""


_S = LineState

WITHOUT_LOCATION = frozenset({_S.ACCEPTED, _S.PARKED})
"""Waits to be planned."""
WITH_TASK = frozenset({_S.ASSIGNED, _S.PICKING, _S.READY})
"""A location works on it, and stock is committed for it."""
LEFT = frozenset({_S.COLLECTED, _S.SHIPPED, _S.RETURNED})
"""The goods are out of the house; nothing can be cancelled any more."""
ENDED = LEFT | {_S.CANCELLED, _S.EXPIRED}

NEXT: dict[LineState, frozenset[LineState]] = {
    # Collected or shipped: by the location that it was taken from, which had not heard of the change.
    _S.ACCEPTED: frozenset({_S.PLANNED, _S.PARKED, _S.CANCELLED, _S.COLLECTED, _S.SHIPPED}),
    _S.PLANNED: frozenset({_S.RESERVED, _S.ACCEPTED, _S.PARKED, _S.CANCELLED, _S.COLLECTED, _S.SHIPPED}),
    _S.RESERVED: frozenset({_S.ASSIGNED, _S.TRANSFERRING}),
    # Arrived, or not to be had there.
    _S.TRANSFERRING: frozenset({_S.ACCEPTED, _S.CANCELLED}),
    # Events of pickup may overtake each other, so that a later state may follow directly. Back to accepted
    # is a location's rejection.
    _S.ASSIGNED: WITH_TASK - {_S.ASSIGNED}
    | {_S.COLLECTED, _S.SHIPPED, _S.EXPIRED, _S.ACCEPTED, _S.CANCELLED},
    _S.PICKING: frozenset({_S.READY, _S.COLLECTED, _S.SHIPPED, _S.EXPIRED, _S.ACCEPTED, _S.CANCELLED}),
    # Back to picking: what was ready is no longer all there.
    _S.READY: frozenset({_S.PICKING, _S.COLLECTED, _S.SHIPPED, _S.EXPIRED, _S.ACCEPTED, _S.CANCELLED}),
    _S.PARKED: frozenset({_S.PLANNED, _S.ACCEPTED, _S.CANCELLED, _S.COLLECTED, _S.SHIPPED}),
    # The goods were handed over before the store heard of the cancellation: what happened wins.
    _S.CANCELLED: frozenset({_S.COLLECTED, _S.SHIPPED}),
    _S.COLLECTED: frozenset({_S.RETURNED}),
    _S.SHIPPED: frozenset({_S.RETURNED}),
    _S.EXPIRED: frozenset(),
    _S.RETURNED: frozenset(),
}
"""From each state, the states that may follow."""


def may_follow(before: LineState, after: LineState) -> bool:
    return after in NEXT[before]
