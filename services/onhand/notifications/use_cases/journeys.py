"""Journeys: started and ended by occasions, advanced when a step is due, one message planned at a time."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.notifications.v1 import journeys_pb2 as pb
from onhand.kit import idempotency, outbox
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import LimitReached
from onhand.notifications import events, rendering
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain.addresses import mask
from onhand.notifications.domain.contacts import Address, Contact, Topic
from onhand.notifications.domain.experiments import HOLDOUT, Variant, segment_of
from onhand.notifications.domain.journeys import (
    BUILTIN,
    Journey,
    Run,
    RunState,
    Step,
    gathered_under,
    run_id_of,
    together,
)
from onhand.notifications.domain.messages import Channel, Message, NewMessage, State, message_id_of
from onhand.notifications.domain.occasions import Occasion, Order, Purpose
from onhand.notifications.domain.planning import NotSent, Plan, Rules, plan
from onhand.notifications.domain.templates import Template
from onhand.notifications.rendering import Reader, Text
from onhand.notifications.storage import (
    contacts,
    experiments,
    journeys,
    measures,
    messages,
    orders,
    suppressions,
    templates,
)
from onhand.notifications.storage.journeys import RunSeen
from onhand.notifications.storage.orders import Ordered
from onhand.notifications.vault import Vault

MAX_JOURNEYS = 100
"""Journeys that can be saved; each is looked at for every event."""


def no_page(_order_id: str, _time: datetime) -> str:
    return ""


@dataclass(frozen=True)
class Journeys:
    """What follows for a person from what happened."""

    database: Database
    clock: Clock
    settings: NotificationsSettings
    vault: Vault
    rules: Rules
    page_of: Callable[[str, datetime], str] = no_page
    """Gives the link to the customer's page of an order, for what happened at a time; empty: there is none."""

    async def in_use(self, connection: AsyncConnection) -> list[Journey]:
        """Return the journeys in use: what has been saved stands before the product's own."""
        own = {each.name: each for each in BUILTIN}
        return list({**own, **{each.name: each for each in await journeys.saved(connection)}}.values())

    async def save(self, actor: str, request: pb.SaveJourneyRequest, new: Journey) -> Journey:
        """Make a journey the one in use. Raises InvalidField, LimitReached."""
        new.check()

        async def effect(connection: AsyncConnection) -> pb.SaveJourneyResponse:
            await journeys.lock(connection)
            saved = {each.name: each.version for each in await journeys.saved(connection)}
            if new.name not in saved and len(saved) >= MAX_JOURNEYS:
                raise LimitReached(f"{MAX_JOURNEYS} journeys")
            version = saved.get(new.name, 0) + 1
            await journeys.save(connection, replace(new, version=version), actor, self.clock.now())
            return pb.SaveJourneyResponse(journey=pb.Journey(version=version))

        response = await self.database.transaction(
            lambda connection: idempotency.once(
                connection, actor, request, pb.SaveJourneyResponse, lambda: effect(connection)
            )
        )
        return replace(new, version=response.journey.version)

    async def list_in_use(self) -> list[Journey]:
        """Return the journeys in use, by name."""
        return sorted(await self.database.read(self.in_use), key=lambda each: each.name)

    async def list_runs(self, order_id: str) -> list[RunSeen]:
        """Return the runs of an order, oldest first."""
        return await self.database.read(lambda connection: journeys.of_order(connection, order_id))

    # Occasions

    async def happened(
        self, connection: AsyncConnection, occasion: Occasion, ordered: Ordered
    ) -> datetime | None:
        """Start and end what an occasion starts and ends; returns when the person is told, None when not at all."""
        known = await self.in_use(connection)
        ends = [each.name for each in known if occasion.purpose in each.exits]
        await self.end(connection, ends, occasion, f"overtaken: {occasion.purpose.name.lower()}")
        if ordered.contact_id is None:
            return None
        told = [
            await self._begin(connection, journey, occasion, ordered)
            for journey in known
            if journey.enabled and journey.starts is occasion.purpose
        ]
        return min((each for each in told if each is not None), default=None)

    async def tell_of(
        self, connection: AsyncConnection, occasion: Occasion, contact_id: UUID
    ) -> datetime | None:
        """Tell a person of an occasion that is of no order; returns when they are told, None when not at all."""
        return await self.happened(connection, occasion, _without_order(occasion, contact_id))

    async def end(
        self, connection: AsyncConnection, names: list[str], occasion: Occasion, reason: str
    ) -> None:
        """End what goes on of some journeys about an occasion's task, or about all of its order."""
        if names:
            task_id = str(occasion.task.task_id) if occasion.task else None
            for run_id, state in await journeys.exiting(connection, names, task_id, occasion.order_id):
                await self._exit(connection, run_id, state, reason)

    async def _exit(self, connection: AsyncConnection, run_id: UUID, state: RunState, reason: str) -> None:
        """End a run, and suppress what waits of it; of one that is done something may still wait."""
        now = self.clock.now()
        if state is RunState.ACTIVE:
            await journeys.advance(connection, run_id, RunState.EXITED, 0, None, now, reason)
        await self._publish(
            connection, await messages.suppress_of_run(connection, self.vault, run_id, reason, now)
        )

    async def _begin(
        self, connection: AsyncConnection, journey: Journey, occasion: Occasion, ordered: Ordered
    ) -> datetime | None:
        now, subject = self.clock.now(), gathered_under(journey, occasion)
        await journeys.hold(connection, journey.name, subject)
        run_id = run_id_of(journey, occasion.event_id)
        for run in await journeys.active(connection, self.vault, journey.name, subject):
            if run.run_id == run_id:
                return None
            both = together(run.occasion, occasion) if run.step == 0 and journey.gather else None
            if both is not None:
                await journeys.gather(connection, self.vault, run.run_id, both)
                return run.due_time
            if not journey.gather:
                await self._exit(connection, run.run_id, run.state, "overtaken: it happened again")
        start = Run(run_id, journey, subject, occasion, RunState.ACTIVE, 0, now, now + journey.gather)
        step, due = start.next_due(0)
        if due is None:
            return None
        run = replace(start, step=step, due_time=max(due, now + journey.gather))
        if not await journeys.start(connection, self.vault, run, ordered.identity_id):
            return None
        return await self._step(connection, run, ordered) if run.due_time == now else run.due_time

    # Steps

    async def advance(self) -> bool:
        """Take the step of one run that is due; False when none is."""

        async def work(connection: AsyncConnection) -> bool:
            run = await journeys.next_due(connection, self.vault, self.clock.now())
            if run is None:
                return False
            await self._step(connection, run)
            return True

        return await self.database.transaction(work)

    async def _step(
        self, connection: AsyncConnection, run: Run, ordered: Ordered | None = None
    ) -> datetime | None:
        """Take a step; returns when its message goes, None where there is none."""
        now, step = self.clock.now(), run.journey.steps[run.step]
        deadline = run.occasion.collect_deadline
        # A step that was missed while nothing ran is left out when a later one is due too, or it is too late.
        later = run.next_due(run.step + 1)
        overdue = (later[1] is not None and later[1] <= now) or (deadline is not None and deadline <= now)
        told = None
        if run.step == 0 or not overdue:
            told = await self._tell(connection, run, step, ordered=ordered)
        number, due = later
        state = RunState.DONE if due is None else RunState.ACTIVE
        await journeys.advance(connection, run.run_id, state, number, due, now)
        return told

    async def fall_back(self, connection: AsyncConnection, run_id: UUID | None, step: int | None) -> None:
        """Tell by the next channel what could not be told by this one."""
        run = await journeys.get(connection, self.vault, run_id) if run_id is not None else None
        if run is None or run_id is None or step is None:
            return
        if run.state is RunState.EXITED or step >= len(run.journey.steps):
            return
        tried = await messages.channels_of_step(connection, run_id, step)
        await self._tell(connection, replace(run, step=step), run.journey.steps[step], tried)

    async def _tell(
        self,
        connection: AsyncConnection,
        run: Run,
        step: Step,
        without: Collection[Channel] = (),
        ordered: Ordered | None = None,
    ) -> datetime | None:
        """Plan the message of a step, or keep why it is not sent; returns when it goes, None: it does not."""
        ordered = ordered or await self._whose(connection, run.occasion)
        # The lock makes caps and duplicates hold between messages that are planned at once.
        locked = (
            await contacts.lock(connection, ordered.contact_id) if ordered and ordered.contact_id else None
        )
        contact = await contacts.get(connection, self.vault, locked) if locked else None
        if ordered is None or contact is None or not run.journey.holds(run.occasion, contact):
            return None
        now = self.clock.now()
        if run.journey.names_segment and not await self._in_segment(connection, run.journey, locked, now):
            return None
        experiment = await experiments.running(connection, run.journey.name) if run.step == 0 else None
        variant = experiment.arm_of(contact.contact_id) if experiment else None
        saved = await templates.in_use(connection, step.purpose)
        saved = await self._pinned(connection, saved, step.purpose, variant)
        lacking = {each for each in Channel if not rendering.has_fallback(saved, step.purpose, each)}
        barred = await suppressions.of_contact(connection, self.vault, contact)
        decided = plan(
            contact,
            ordered.address_ids,
            run.journey,
            self.rules,
            now + variant.delay if variant else now,
            without={*without, *lacking},
            barred=barred,
        )
        if decided is None or decided.address is None:
            return None
        occasion = replace(run.occasion, purpose=step.purpose)
        if occasion.claim_deadline is not None and isinstance(decided, Plan) and not without:
            # A unit is held from when they hear of it: the night does not count.
            occasion = replace(occasion, claim_deadline=occasion.claim_deadline + (decided.send_time - now))
        reader = Reader(contact.locale, contact.time_zone, contact.display_name)
        link = self.page_of(occasion.order_id, occasion.record_time) if occasion.order_id else ""
        address = decided.address
        facts = rendering.facts_of(occasion, occasion.lines, link)
        said = rendering.render(saved, step.purpose, decided.channel, facts, reader)
        # Of two orders, or of two units, the same may be said, word for word, and both have to be heard of.
        about = run.subject if run.journey.topic is Topic.ORDER else str(occasion.claim_deadline)
        digest = self.vault.digest("text", str(address.same_as), about, said.subject, said.text, said.html)
        message_id = message_id_of(run.run_id, decided.channel, f"{run.step}:{address.address_id}")
        if run.journey.topic is not Topic.ORDER and decided.channel is Channel.EMAIL:
            said = self._tracked(said, message_id)
        new = NewMessage(
            message_id=message_id,
            purpose=step.purpose,
            channel=decided.channel,
            order_id=run.occasion.order_id,
            task_id=run.occasion.task.task_id if run.occasion.task else None,
            endpoint_id=None,
            identity_id=contact.identity_of(address).identity_id,
            address_id=address.address_id,
            masked_address=mask(address.kind, address.value),
            subject=said.subject,
            body=replace(
                said, unsubscribe_uri=self._unsubscribe_uri(run, decided.channel, address)
            ).to_bytes(),
            topic=run.journey.topic,
            run_id=run.run_id,
            step=run.step,
            send_time=decided.send_time if isinstance(decided, Plan) else now,
            text_digest=digest,
        )
        why_not = await self._why_not(connection, contact, run, decided, digest, now)
        # An arm is who would have been told, the holdout as well: so it is decided last.
        if experiment is not None and not why_not:
            new = replace(new, experiment=experiment.name, variant=variant.name if variant else HOLDOUT)
            if variant is None:
                why_not = f"they are told nothing, for experiment {experiment.name}"
        if not why_not:
            await messages.add(connection, self.vault, [new], now)
            return new.send_time
        kept = await messages.add_suppressed(connection, self.vault, new, why_not, now)
        await self._publish(connection, kept)
        return None

    async def _in_segment(
        self, connection: AsyncConnection, journey: Journey, contact_id: UUID | None, now: datetime
    ) -> bool:
        last = await measures.last_activity(connection, contact_id, now) if contact_id else None
        return journey.takes(segment_of(last, now).name.lower())

    async def _pinned(
        self, connection: AsyncConnection, saved: list[Template], purpose: Purpose, variant: Variant | None
    ) -> list[Template]:
        """Return the templates in use, with those of a variant in their place."""
        kept = {(each.channel, each.locale): each for each in saved}
        for pin in variant.pins if variant else ():
            found = await templates.get(connection, purpose, pin.channel, pin.locale, pin.version)
            if found is not None:
                kept[pin.channel, pin.locale] = found
        return list(kept.values())

    def _tracked(self, said: Text, message_id: UUID) -> Text:
        """Return a text with whatever tells that it is opened and clicked, where that is asked for."""
        settings = self.settings
        if not settings.public_url or not (settings.track_opens or settings.track_clicks):
            return said

        def link(target: str) -> str:
            return self._public_uri("click", f"{message_id} {target}") if settings.track_clicks else target

        pixel = self._public_uri("open", str(message_id)) if settings.track_opens else ""
        return rendering.tracked(said, link, pixel)

    def _public_uri(self, page: str, sealed: str) -> str:
        return f"{self.settings.public_url}/{page}/{self.vault.seal(sealed.encode()).decode()}"

    async def _whose(self, connection: AsyncConnection, occasion: Occasion) -> Ordered | None:
        """Return whom an occasion is told: the person of its order, or who waits for something."""
        if occasion.identity_id is None:
            return await orders.get(connection, occasion.order_id)
        return _without_order(occasion, await contacts.owner(connection, occasion.identity_id))

    def _unsubscribe_uri(self, run: Run, channel: Channel, address: Address) -> str:
        if channel is not Channel.EMAIL or run.journey.topic is Topic.ORDER or not self.settings.public_url:
            return ""
        return self._public_uri("unsubscribe", f"{address.address_id} {int(run.journey.topic)}")

    async def _why_not(
        self,
        connection: AsyncConnection,
        contact: Contact,
        run: Run,
        decided: Plan | NotSent,
        digest: bytes,
        now: datetime,
    ) -> str:
        """Return why a message is not to be sent; empty: it is."""
        if isinstance(decided, NotSent):
            return decided.reason
        if late := _too_late(run, decided.send_time, now):
            return late
        identity_ids = [each.identity_id for each in contact.identities]
        since = now - self.settings.duplicate_window
        if await messages.was_said(connection, identity_ids, digest, since):
            return "the same was said a short time ago"
        for cap in self.rules.caps.get(run.journey.topic, ()):
            at = decided.send_time
            others = await messages.planned_near(connection, identity_ids, run.journey.topic, at, cap.span)
            if not cap.allows(at, others):
                return f"the cap of {cap.count} messages in {cap.span.total_seconds() / 3600:g} h is reached"
        return ""

    async def _publish(self, connection: AsyncConnection, ended: list[Message]) -> None:
        if said := events.changed([each for each in ended if each.state is not State.WAITING], self.clock):
            await outbox.add(connection, said)


def _without_order(occasion: Occasion, contact_id: UUID | None) -> Ordered:
    address_ids = () if occasion.address_id is None else (occasion.address_id,)
    no_order = Order(order_id="", allow_split=False, lines=())
    return Ordered(no_order, contact_id, occasion.identity_id, address_ids)


def _too_late(run: Run, send_time: datetime, now: datetime) -> str:
    """Return why a message would come too late; empty: it would not."""
    occasion = run.occasion
    if run.step > 0 and occasion.collect_deadline is not None and send_time >= occasion.collect_deadline:
        return "too late: quiet hours last longer than the goods wait"
    if occasion.decide_deadline is not None and send_time >= occasion.decide_deadline:
        return "too late: nobody could answer in time"
    if occasion.claim_deadline is not None and now >= occasion.claim_deadline:
        return "too late: nothing is held for them any more"
    return ""
