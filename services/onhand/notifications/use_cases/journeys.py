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
from onhand.notifications.domain.occasions import Occasion
from onhand.notifications.domain.planning import NotSent, Plan, Rules, plan
from onhand.notifications.rendering import Reader
from onhand.notifications.storage import contacts, journeys, messages, orders, suppressions, templates
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

    async def happened(self, connection: AsyncConnection, occasion: Occasion, ordered: Ordered) -> None:
        """Start and end what an occasion starts and ends."""
        known = await self.in_use(connection)
        ends = [each.name for each in known if occasion.purpose in each.exits]
        await self.end(connection, ends, occasion, f"overtaken: {occasion.purpose.name.lower()}")
        if ordered.contact_id is None:
            return
        for journey in known:
            if journey.enabled and journey.starts is occasion.purpose:
                await self._begin(connection, journey, occasion, ordered)

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
    ) -> None:
        now, subject = self.clock.now(), gathered_under(journey, occasion)
        await journeys.hold(connection, journey.name, subject)
        run_id = run_id_of(journey, occasion.event_id)
        for run in await journeys.active(connection, self.vault, journey.name, subject):
            if run.run_id == run_id:
                return
            both = together(run.occasion, occasion) if run.step == 0 and journey.gather else None
            if both is not None:
                await journeys.gather(connection, self.vault, run.run_id, both)
                return
            if not journey.gather:
                await self._exit(connection, run.run_id, run.state, "overtaken: it happened again")
        start = Run(run_id, journey, subject, occasion, RunState.ACTIVE, 0, now, now + journey.gather)
        step, due = start.next_due(0)
        if due is None:
            return
        run = replace(start, step=step, due_time=max(due, now + journey.gather))
        if await journeys.start(connection, self.vault, run, ordered.identity_id) and run.due_time == now:
            await self._step(connection, run)

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

    async def _step(self, connection: AsyncConnection, run: Run) -> None:
        now, step = self.clock.now(), run.journey.steps[run.step]
        deadline = run.occasion.collect_deadline
        # A step that was missed while nothing ran is left out when a later one is due too, or it is too late.
        later = run.next_due(run.step + 1)
        overdue = (later[1] is not None and later[1] <= now) or (deadline is not None and deadline <= now)
        if run.step == 0 or not overdue:
            await self._tell(connection, run, step)
        number, due = later
        state = RunState.DONE if due is None else RunState.ACTIVE
        await journeys.advance(connection, run.run_id, state, number, due, now)

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
        self, connection: AsyncConnection, run: Run, step: Step, without: Collection[Channel] = ()
    ) -> None:
        ordered = await orders.get(connection, run.occasion.order_id)
        # The lock makes caps and duplicates hold between messages that are planned at once.
        locked = (
            await contacts.lock(connection, ordered.contact_id) if ordered and ordered.contact_id else None
        )
        contact = await contacts.get(connection, self.vault, locked) if locked else None
        if ordered is None or contact is None or not run.journey.holds(run.occasion, contact):
            return
        now = self.clock.now()
        saved = await templates.in_use(connection, step.purpose)
        lacking = {each for each in Channel if not rendering.has_fallback(saved, step.purpose, each)}
        barred = await suppressions.of_contact(connection, self.vault, contact)
        decided = plan(
            contact,
            ordered.address_ids,
            run.journey,
            self.rules,
            now,
            without={*without, *lacking},
            barred=barred,
        )
        if decided is None or decided.address is None:
            return
        reader = Reader(contact.locale, contact.time_zone, contact.display_name)
        link = self.page_of(run.occasion.order_id, run.occasion.record_time)
        facts = rendering.facts_of(replace(run.occasion, purpose=step.purpose), run.occasion.lines, link)
        address = decided.address
        said = rendering.render(saved, step.purpose, decided.channel, facts, reader)
        digest = self.vault.digest("text", str(address.same_as), said.subject, said.text, said.html)
        new = NewMessage(
            message_id=message_id_of(run.run_id, decided.channel, f"{run.step}:{address.address_id}"),
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
        if not why_not:
            await messages.add(connection, self.vault, [new], now)
        else:
            kept = await messages.add_suppressed(connection, self.vault, new, why_not, now)
            await self._publish(connection, kept)

    def _unsubscribe_uri(self, run: Run, channel: Channel, address: Address) -> str:
        if channel is not Channel.EMAIL or run.journey.topic is Topic.ORDER or not self.settings.public_url:
            return ""
        token = self.vault.seal(f"{address.address_id} {int(run.journey.topic)}".encode()).decode()
        return f"{self.settings.public_url}/unsubscribe/{token}"

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
        deadline = run.occasion.collect_deadline
        if run.step > 0 and deadline is not None and decided.send_time >= deadline:
            return "too late: quiet hours last longer than the goods wait"
        decide = run.occasion.decide_deadline
        if decide is not None and decided.send_time >= decide:
            return "too late: nobody could answer in time"
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
