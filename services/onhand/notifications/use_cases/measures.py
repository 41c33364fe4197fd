"""What messages led to, experiments, and what one person did."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from cryptography.fernet import InvalidToken
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.notifications.v1 import measures_pb2 as pb
from onhand.kit import idempotency
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import AlreadyExists, FieldViolation, InvalidField, NotFound
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain.activity import Activity, FunnelRow, View
from onhand.notifications.domain.experiments import Arm, Experiment
from onhand.notifications.domain.journeys import Journey
from onhand.notifications.storage import experiments, measures, templates
from onhand.notifications.use_cases.contacts import Contacts
from onhand.notifications.use_cases.journeys import Journeys
from onhand.notifications.vault import Vault


@dataclass(frozen=True)
class Measures:
    """What messages led to."""

    database: Database
    clock: Clock
    settings: NotificationsSettings
    vault: Vault
    contacts: Contacts
    journeys: Journeys

    # Links

    async def opened(self, token: str) -> None:
        """Note that a message was shown. Raises NotFound: the address is not ours."""
        message_id, _ = self._sealed(token)
        now = self.clock.now()
        await self.database.transaction(lambda connection: measures.note_open(connection, message_id, now))

    def target_of(self, token: str) -> tuple[UUID, str]:
        """Return of which message a link is, and where it leads. Raises NotFound: the address is not ours."""
        message_id, target = self._sealed(token)
        if not target.startswith(("http://", "https://")):
            raise NotFound("link", "")  # another link of ours, at this address
        return message_id, target

    async def clicked(self, message_id: UUID) -> None:
        """Note that a link of a message was followed."""
        now = self.clock.now()
        await self.database.transaction(lambda connection: measures.note_click(connection, message_id, now))

    def _sealed(self, token: str) -> tuple[UUID, str]:
        """Return the id of a message and what else a token holds. Raises NotFound: it is not ours."""
        try:
            name, _, target = self.vault.open(token.encode()).decode().partition(" ")
            return UUID(name), target
        except (InvalidToken, ValueError):
            raise NotFound("link", "") from None

    # Funnel

    async def funnel(self, since: datetime, until: datetime, *, by_segment: bool) -> list[FunnelRow]:
        """Return what came of the messages that were made in a period."""
        return await self.database.read(
            lambda connection: measures.funnel(connection, since, until, by_segment=by_segment)
        )

    # Experiments

    async def start(self, actor: str, request: pb.StartExperimentRequest, new: Experiment) -> Experiment:
        """Begin an experiment. Raises InvalidField, AlreadyExists."""
        begun = replace(new, start_time=self.clock.now())

        async def effect(connection: AsyncConnection) -> pb.StartExperimentResponse:
            known = {each.name: each for each in await self.journeys.in_use(connection)}
            journey = known.get(begun.journey)
            begun.check(journey)
            await self._check_pins(connection, begun, journey)
            if not await experiments.add(connection, begun, actor):
                raise AlreadyExists("experiment of that name, or over that journey", begun.name)
            return pb.StartExperimentResponse(experiment=pb.Experiment(name=begun.name))

        async def work(connection: AsyncConnection) -> Experiment:
            await idempotency.once(
                connection, actor, request, pb.StartExperimentResponse, lambda: effect(connection)
            )
            return await self._experiment(connection, begun.name)

        return await self.database.transaction(work)

    async def _check_pins(
        self, connection: AsyncConnection, experiment: Experiment, journey: Journey | None
    ) -> None:
        for variant in experiment.variants if journey else ():
            for pin in variant.pins:
                purpose = journey.steps[0].purpose if journey else None
                if purpose is None or not await templates.get(
                    connection, purpose, pin.channel, pin.locale, pin.version
                ):
                    problem = f"{variant.name}: there is no version {pin.version} by {pin.channel.name} in {pin.locale}"
                    raise InvalidField([FieldViolation("experiment.variants", problem)])

    async def end(self, name: str) -> Experiment:
        """End an experiment. Raises NotFound."""

        async def work(connection: AsyncConnection) -> Experiment:
            await experiments.end(connection, name, self.clock.now())
            return await self._experiment(connection, name)

        return await self.database.transaction(work)

    async def result(self, name: str) -> tuple[Experiment, list[Arm]]:
        """Return an experiment and what came of its arms so far. Raises NotFound."""

        async def work(connection: AsyncConnection) -> tuple[Experiment, list[Arm]]:
            experiment = await self._experiment(connection, name)
            return experiment, await experiments.arms(connection, experiment)

        return await self.database.read(work)

    async def list_experiments(self) -> list[Experiment]:
        """Return all experiments, latest first."""
        return await self.database.read(experiments.list_all)

    async def results_in(self, since: datetime, until: datetime) -> list[tuple[Experiment, list[Arm]]]:
        """Return the experiments that went on in a period, with what came of their arms."""
        return [
            await self.result(each.name)
            for each in await self.list_experiments()
            if each.start_time < until and (each.end_time is None or each.end_time >= since)
        ]

    async def _experiment(self, connection: AsyncConnection, name: str) -> Experiment:
        found = await experiments.get(connection, name)
        if found is None:
            raise NotFound("experiment", name)
        return found

    # One person

    async def activity(self, actor: str, contact_id: UUID, reason: str, limit: int) -> list[Activity]:
        """Return what a person did, and record who looked and why. Raises NotFound."""
        contact = await self.contacts.get(contact_id)
        view = View(actor, reason, self.clock.now())

        async def work(connection: AsyncConnection) -> list[Activity]:
            await measures.add_view(connection, self.vault, self.clock.uuid(), contact.contact_id, view)
            return await measures.activity(connection, contact.contact_id, limit)

        return await self.database.transaction(work)

    async def views(self, contact_id: UUID) -> list[View]:
        """Return who looked at a person's activity, latest first."""
        return await self.database.read(lambda connection: measures.views(connection, self.vault, contact_id))
