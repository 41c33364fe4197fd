"""A message to one address, and what follows from an attempt to deliver it.

waiting → sent
        → waiting (what failed may pass: tried again by the schedule) → failed (schedule exhausted)
        → failed  (refused for good)                                  → waiting (RetryMessage)
        → suppressed (not to be sent)
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from onhand.kit.errors import WrongState
from onhand.notifications.domain.occasions import Purpose

MAX_FAILURE = 500
"""Characters of a failure that are kept: what a server answers is not ours to bound otherwise."""


class Channel(enum.IntEnum):
    """The means of delivery, by their numbers in the contract."""

    EMAIL = 1
    WEBHOOK = 2
    SMS = 3
    PUSH = 4
    WHATSAPP = 5


class State(enum.IntEnum):
    """The states of a message, by their numbers in the contract."""

    WAITING = 1
    SENT = 2
    FAILED = 3
    SUPPRESSED = 4


class Receipt(enum.IntEnum):
    """What became of a message after it was sent, by their numbers in the contract. Higher ones hold."""

    NONE = 0
    DELIVERED = 1
    BOUNCED = 2
    """For good: the address does not exist, or takes nothing."""
    COMPLAINED = 3
    """Its receiver has called it spam."""

    @property
    def suppresses(self) -> bool:
        """Whether its address is written to no more."""
        return self in {Receipt.BOUNCED, Receipt.COMPLAINED}


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the API shows it."""

    message_id: UUID
    purpose: Purpose
    channel: Channel
    state: State
    order_id: str
    masked_address: str
    subject: str
    attempt_count: int
    round_start: int
    """`attempt_count` when it was made or last revived."""
    next_attempt_time: datetime | None
    failure: str
    create_time: datetime
    end_time: datetime | None
    """When it was sent, given up or suppressed."""
    has_text: bool
    """Whether what it says is still kept, so that it can be sent."""
    receipt: Receipt = Receipt.NONE
    receipt_time: datetime | None = None

    def needs_revival(self) -> bool:
        """Tell whether RetryMessage has to do something; raise WrongState where it may not.

        One that an earlier call has revived is left alone, so that a repeat of the call does no harm.
        """
        if self.state is State.WAITING and self.round_start > 0:
            return False
        if self.state is not State.FAILED:
            raise WrongState("message", str(self.message_id), self.state.name, "retry")
        if not self.has_text:
            raise WrongState("message", str(self.message_id), "FAILED too long ago", "retry")
        return True


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be made."""

    message_id: UUID
    purpose: Purpose
    channel: Channel
    order_id: str
    task_id: UUID | None
    endpoint_id: UUID | None
    identity_id: UUID | None
    """Whose it is; None for a webhook of a system."""
    address_id: UUID | None
    masked_address: str
    subject: str
    body: bytes
    topic: int | None = None
    """None: a post to a system."""
    run_id: UUID | None = None
    step: int | None = None
    """Of the run."""
    send_time: datetime | None = None
    """None: at once."""
    text_digest: bytes | None = None
    experiment: str | None = None
    variant: str | None = None
    """Of the experiment, the arm that the person is in."""


def message_id_of(cause: UUID, channel: Channel, address: str) -> UUID:
    """Name the message that an event or a run causes for an address: the same again, the same message."""
    return uuid5(cause, f"{channel.name}:{address}")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where a message to a person goes."""

    address: str


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a webhook goes."""

    endpoint_id: UUID
    uri: str
    secrets: tuple[bytes, ...]
    """Those to sign with, the present one first."""
    disabled: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a message, leased to whoever claimed it."""

    message_id: UUID
    channel: Channel
    number: int
    """1 for the first; a later attempt outdates the result of an earlier one."""
    number_in_round: int
    """1 for the first since it was made or revived."""
    subject: str
    body: bytes
    create_time: datetime
    recipient: Mailbox | Hook | None
    """None: the contact or the endpoint is no longer there."""
    run_id: UUID | None = None
    """Of the journey that it belongs to."""
    step: int | None = None

    @property
    def endpoint_id(self) -> UUID | None:
        return self.recipient.endpoint_id if isinstance(self.recipient, Hook) else None


class Verdict(enum.Enum):
    """How an attempt went."""

    SENT = enum.auto()
    PASSING = enum.auto()
    """It may work later."""
    REFUSED = enum.auto()
    """It will never work."""
    GONE = enum.auto()
    """Refused, and the endpoint wants no more of them."""
    NOT_WANTED = enum.auto()
    """It is not to be sent."""


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to."""

    verdict: Verdict
    failure: str = ""
    retry_after_s: float = 0
    """How long the receiver asks us to wait."""
    receipt: Receipt = Receipt.NONE
    """What the provider says of the address itself."""

    def __post_init__(self) -> None:
        printable = "".join(each if each.isprintable() else " " for each in self.failure)
        object.__setattr__(self, "failure", printable[:MAX_FAILURE])


SENT = Result(Verdict.SENT)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state of a message after an attempt."""

    state: State
    failure: str
    next_attempt_time: datetime | None
    keep_text: bool


def outcome(attempt: Attempt, result: Result, now: datetime, retry_delays_s: Sequence[float]) -> Outcome:
    """Decide what becomes of a message after `attempt`."""
    match result.verdict:
        case Verdict.SENT:
            return Outcome(State.SENT, "", None, keep_text=False)
        case Verdict.NOT_WANTED:
            return Outcome(State.SUPPRESSED, result.failure, None, keep_text=False)
        case Verdict.PASSING if attempt.number_in_round <= len(retry_delays_s):
            pause = timedelta(seconds=max(retry_delays_s[attempt.number_in_round - 1], result.retry_after_s))
            return Outcome(State.WAITING, result.failure, now + pause, keep_text=True)
        case _:
            return Outcome(State.FAILED, result.failure, None, keep_text=True)
