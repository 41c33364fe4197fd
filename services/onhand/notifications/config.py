"""Settings of notifications."""

import math
from datetime import time, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from onhand.kit.config import ServiceSettings
from onhand.notifications.domain.contacts import Topic
from onhand.notifications.domain.endpoints import Breaker
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.planning import Cap, QuietHours, Rules

RECORDED_WITHIN_S = 30
"""How long an attempt's result may take to be written while the database is away."""


class NotificationsSettings(ServiceSettings):
    data_dir: Path | None = None
    """Where a development machine keeps this service's own files."""
    secrets_key_file: Annotated[Path | None, Field(validate_default=True)] = None
    """Keys that seal addresses, message texts and signing secrets in the database: one Fernet key a line,
    the first one seals, all open, so that a new first line rotates. Made in `data_dir` when unset in
    development."""

    smtp_host: str = ""
    """The server that takes e-mail; empty: e-mail is suppressed."""
    smtp_port: Annotated[int, Field(ge=1, le=65_535)] = 587
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"
    smtp_username: str = ""
    smtp_password_file: Annotated[Path | None, Field(validate_default=True)] = None
    """Read at each connection, so that the password may change under way."""
    smtp_from: Annotated[str, Field(validate_default=True)] = ""
    """The sender of all e-mail, for example `Our shop <orders@shop.example>`."""
    smtp_return_path: str = ""
    """Where mail that cannot be delivered comes back to; empty: to the sender."""
    report_maildir: Path | None = None
    """A Maildir that such mail and complaints are delivered into. What it tells is taken in, and the mail is then
    removed; unset: none is read."""
    smtp_timeout_s: Annotated[float, Field(gt=0, le=60)] = 30
    """Longest one mail may take, connecting included; protects the other mails' turn."""
    smtp_connections: Annotated[int, Field(ge=1, le=100)] = 4
    """Mails under way at a time, each on a connection of its own; protects the mail server."""
    smtp_mails_per_connection: Annotated[int, Field(ge=1)] = 100
    """Mails after which a connection is made anew; many servers refuse more."""
    smtp_idle_s: Annotated[float, Field(ge=0, le=240)] = 10
    """How long a connection waits for its next mail; protects the mail server."""

    public_listen: str = ""
    """host:port of the page by which readers say that they have had enough; empty: none."""
    public_url: Annotated[str, Field(pattern=r"^(https?://[^\s<>]+[^/\s<>])?$", validate_default=True)] = ""
    """Where the world reaches that page, for example `https://messages.shop.example`. Mail that is not about an
    order says it (List-Unsubscribe)."""

    track_opens: bool = False
    """Whether mail about anything but an order loads a picture from that page, so that it is known that it was
    opened. Needs `public_url`, and the readers' consent by the law of many places."""
    track_clicks: bool = False
    """Whether links in such mail lead over that page, by a signed address, so that it is known that they were
    followed. The same."""
    customer_pages_url: Annotated[str, Field(pattern=r"^(https?://[^\s<>]+[^/\s<>])?$")] = ""
    """Where customers reach the edge, for example `https://shop.example`: messages about an order then hold a link to
    its page. Empty: they hold none."""
    customer_links_key_file: Annotated[Path | None, Field(validate_default=True)] = None
    """The edge's file of the same name: its first key signs the links."""
    customer_link_days: Annotated[float, Field(gt=0, le=400)] = 60
    """How long a link opens its order's page, from what it was sent for; protects an order whose mail is read by
    others later."""

    sms_url_file: Path | None = None
    """Holds the Apprise address of the provider of text messages, with `{address}` for the phone number, for example
    `twilio://SID:TOKEN@+15550100/{address}`. Unset: none are sent."""
    push_url_file: Path | None = None
    """The same of push, with `{address}` for the device's token."""
    whatsapp_url_file: Path | None = None
    """The same of WhatsApp, with `{address}` for the phone number."""
    apprise_timeout_s: Annotated[float, Field(gt=0, le=60)] = 20
    """Longest one such message may take; protects the others' turn."""
    apprise_concurrency: Annotated[int, Field(ge=1, le=100)] = 4
    """Such messages under way at a time, for each channel; protects the provider."""
    dry_run: frozenset[Channel] = frozenset()
    """Channels by which messages are made and not sent, by their numbers in the contract; they end as suppressed."""

    default_time_zone: str = "UTC"
    """The zone of persons who gave none, IANA name."""
    quiet_hours: Annotated[str, Field(pattern=r"^\d\d:\d\d-\d\d:\d\d$")] = "21:00-08:00"
    """When nobody is disturbed, by the clock where they are; a journey names the channels that wait. Equal times:
    never."""
    alert_caps: tuple[tuple[Annotated[int, Field(ge=0)], Annotated[float, Field(gt=0)]], ...] = (
        (3, 24),
        (10, 168),
    )
    """Alerts to one person: pairs of how many, and within how many hours at most; protects readers."""
    marketing_caps: tuple[tuple[Annotated[int, Field(ge=0)], Annotated[float, Field(gt=0)]], ...] = (
        (1, 24),
        (3, 168),
    )
    """The same of marketing."""
    duplicate_window_s: Annotated[float, Field(ge=0)] = 86_400
    """How long the same text to the same address is a duplicate."""
    max_sms_parts: Annotated[int, Field(ge=1, le=10)] = 3
    """Text messages that one template may become; protects the bill."""

    webhook_timeout_s: Annotated[float, Field(gt=0, le=60)] = 10
    """Longest one post may take, name look-up included; protects the other endpoints' turn."""
    webhook_concurrency: Annotated[int, Field(ge=1, le=1_000)] = 16
    """Posts under way at a time; protects memory and sockets."""
    webhook_allow_private: bool | None = None
    """Whether endpoints may lie in private networks and speak plain http; protects what else runs there
    from whoever may add endpoints. Unset: in development only."""
    webhook_retry_delays_s: tuple[Annotated[float, Field(gt=0)], ...] = (
        5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
    )  # fmt: skip
    """Pauses between attempts at a post: the schedule that Standard Webhooks gives."""
    webhook_breaker_failures: Annotated[int, Field(ge=1)] = 5
    """Failures in a row after which an endpoint is left in peace for a while; protects it, and the others' turn."""
    webhook_first_pause_s: Annotated[float, Field(gt=0)] = 30
    """The first such pause; each further failure doubles it."""
    webhook_longest_pause_s: Annotated[float, Field(gt=0)] = 3_600
    """The longest such pause."""
    webhook_disable_after_s: Annotated[float, Field(gt=0)] = 5 * 86_400
    """Time without one success after which an endpoint is disabled."""
    webhook_secret_overlap_s: Annotated[float, Field(ge=0)] = 86_400
    """How long posts are signed with the secret before, too, after it was replaced."""
    availability_gather_s: Annotated[float, Field(gt=0, le=3_600)] = 1
    """How long changes of availability gather before they are posted; protects endpoints."""
    availability_post_cells: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Cells of one post; protects endpoints and memory. The rest waits for the next."""
    max_webhook_endpoints: Annotated[int, Field(ge=1, le=100)] = 100
    """Endpoints at most; protects the database from an event that becomes thousands of messages."""

    stock_target: str = ""
    """host:port of stock, which holds units for people who wait for them. Without it, or without the token, there
    are no alerts."""
    token_file: Path | None = None
    """The bearer token for calls to stock. Read again when it changes."""
    stock_timeout_s: Annotated[float, Field(gt=0, le=30)] = 5
    """How long stock may take to answer, all attempts together; protects the other alerts' turn."""
    alert_claim_window_s: Annotated[float, Field(gt=0, le=432_000)] = 7_200
    """How long a unit is held for a person after they were told; then it is the next one's turn."""
    alert_checkout_s: Annotated[float, Field(ge=0, le=86_400)] = 900
    """How much longer stock holds it, so that who takes it in the last moment can order it."""
    alert_people_per_unit: Annotated[int, Field(ge=1, le=100)] = 1
    """People told of each unit; the first one gets it, the others wait on in their place."""
    alert_alternatives_after_s: Annotated[float, Field(gt=0)] = 14 * 86_400
    """How long nothing has come before alternatives are offered."""
    alert_lease_s: Annotated[float, Field(gt=0)] = 60
    """When a step about a unit whose process vanished is taken by another."""
    max_alerts_per_contact: Annotated[int, Field(ge=1, le=1_000)] = 50
    """Alerts of one person that have not ended; protects the queue from hoarders."""
    nearby_radius_m: Annotated[float, Field(gt=0, le=10_000)] = 500
    """How near a person passes a store to be told what it has."""
    look_up_retention_days: Annotated[float, Field(gt=0)] = 30
    """How long it is remembered what somebody looked for."""

    delivery_poll_s: Annotated[float, Field(gt=0, le=60)] = 0.25
    """How often due messages are looked for when there is nothing to do."""
    delivery_lease_s: Annotated[float, Field(gt=0)] = 120
    """When a message whose sender vanished is tried again. At least 30 s longer than any attempt may take, in
    which its result is recorded."""
    retry_delays_s: tuple[Annotated[float, Field(gt=0)], ...] = (5, 30, 120, 600, 3600, 21_600)
    """Pauses between attempts at a mail, for what may pass; after the last it has failed."""
    apprise_retry_delays_s: tuple[Annotated[float, Field(gt=0)], ...] = (5, 30, 120, 300)
    """The same for SMS, push and WhatsApp, after which the next channel has its turn: in minutes, while the news is
    still news."""

    failed_text_retention_days: Annotated[float, Field(gt=0)] = 14
    """How long a failed message can be tried again; then its text, which may hold a code, is dropped."""
    message_retention_days: Annotated[float, Field(gt=0)] = 400
    """How long it can be proved what was sent."""
    contact_retention_days: Annotated[float, Field(gt=0)] = 400
    """How long an order's contact is kept; longer than any order lives, returns included."""

    @field_validator("secrets_key_file")
    @classmethod
    def _key_in_production(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        """Refuse to start half-configured: a key made on the spot would be lost with its container."""
        if value is None and info.data.get("environment") != "development":
            raise ValueError("is needed in production: a file of Fernet keys, one a line")
        if value is None and info.data.get("data_dir") is None:
            raise ValueError("is needed when ONHAND_DATA_DIR is not set")
        return value

    @field_validator("customer_links_key_file")
    @classmethod
    def _key_with_pages(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None and info.data.get("customer_pages_url"):
            raise ValueError("is needed with ONHAND_CUSTOMER_PAGES_URL")
        return value

    @field_validator("delivery_lease_s")
    @classmethod
    def _lease_outlasts_attempts(cls, value: float, info: ValidationInfo) -> float:
        names = ("smtp_timeout_s", "webhook_timeout_s", "apprise_timeout_s")
        longest = max(info.data.get(each, 0) for each in names)
        if value < longest + RECORDED_WITHIN_S:
            raise ValueError(f"must be at least {RECORDED_WITHIN_S} s longer than any attempt ({longest} s)")
        return value

    @field_validator("smtp_password_file")
    @classmethod
    def _password_with_name(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None and info.data.get("smtp_username"):
            raise ValueError("is needed when ONHAND_SMTP_USERNAME is set")
        return value

    @field_validator("smtp_from")
    @classmethod
    def _sender_with_server(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("smtp_host") and "@" not in parseaddr(value)[1]:
            raise ValueError("must be an e-mail address when ONHAND_SMTP_HOST is set")
        return value

    @field_validator("public_url")
    @classmethod
    def _page_is_reached(cls, value: str, info: ValidationInfo) -> str:
        if bool(value) != bool(info.data.get("public_listen")):
            raise ValueError("is needed with ONHAND_PUBLIC_LISTEN, and only with it")
        return value

    @field_validator("quiet_hours")
    @classmethod
    def _times_of_day(cls, value: str) -> str:
        for each in value.split("-"):
            time.fromisoformat(each)
        return value

    @field_validator("default_time_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (LookupError, OSError):
            raise ValueError("is not a name of the IANA database") from None
        return value

    @property
    def duplicate_window(self) -> timedelta:
        return timedelta(seconds=self.duplicate_window_s)

    @property
    def longest_wait_s(self) -> float:
        """How long after it was leased an attempt may begin, so that it ends, and is recorded, within the lease."""
        longest = max(self.smtp_timeout_s, self.webhook_timeout_s, self.apprise_timeout_s)
        return self.delivery_lease_s - longest - RECORDED_WITHIN_S + 1

    @property
    def alerting(self) -> bool:
        """Whether units can be held for people who wait."""
        return bool(self.stock_target) and self.token_file is not None

    @property
    def alert_hold_s(self) -> int:
        """How long stock is asked to hold a unit: through the longest quiet hours, the window and the checkout."""
        start, end = map(time.fromisoformat, self.quiet_hours.split("-"))
        night_s = (end.hour - start.hour) * 3_600 + (end.minute - start.minute) * 60
        # A night may be an hour longer, when the clock is put back.
        quiet_s = night_s % 86_400 + 3_600 if night_s else 0
        return math.ceil(self.alert_claim_window_s + self.alert_checkout_s + quiet_s)

    @property
    def rules(self) -> Rules:
        """What holds for every message to a person."""
        start, end = map(time.fromisoformat, self.quiet_hours.split("-"))
        caps = {Topic.ALERT: self.alert_caps, Topic.MARKETING: self.marketing_caps}
        return Rules(
            usable=frozenset({Channel.EMAIL, *self.providers}),
            quiet_hours=QuietHours(start, end),
            default_zone=ZoneInfo(self.default_time_zone),
            caps={
                topic: tuple(Cap(count, timedelta(hours=hours)) for count, hours in each)
                for topic, each in caps.items()
            },
        )

    @property
    def providers(self) -> dict[Channel, Path]:
        """The files with the addresses of providers, by channel."""
        files = {
            Channel.SMS: self.sms_url_file,
            Channel.PUSH: self.push_url_file,
            Channel.WHATSAPP: self.whatsapp_url_file,
        }
        return {channel: file for channel, file in files.items() if file is not None}

    @property
    def breaker(self) -> Breaker:
        """When endpoints of webhooks are left in peace, and when they are given up."""
        return Breaker(
            failures=self.webhook_breaker_failures,
            first_pause=timedelta(seconds=self.webhook_first_pause_s),
            longest_pause=timedelta(seconds=self.webhook_longest_pause_s),
            disable_after=timedelta(seconds=self.webhook_disable_after_s),
        )

    @property
    def private_webhooks(self) -> bool:
        """Whether endpoints in private networks are allowed."""
        if self.webhook_allow_private is None:
            return self.environment == "development"
        return self.webhook_allow_private
