"""Readers who have had enough, by the link of a mail."""

from dataclasses import dataclass
from uuid import UUID

from cryptography.fernet import InvalidToken
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import NotFound
from onhand.notifications import events
from onhand.notifications.domain.contacts import Consent, Proof, Topic
from onhand.notifications.domain.messages import Channel
from onhand.notifications.storage import contacts, messages
from onhand.notifications.vault import Vault

_PROOF = Proof("unsubscribe link", "", "")


@dataclass(frozen=True)
class Unsubscribing:
    """What the link of a mail does."""

    database: Database
    clock: Clock
    vault: Vault

    async def unsubscribe(self, token: str) -> None:
        """Record that the owner of an address wants no more mail of a topic, whoever has the address.

        Raises NotFound: the link is not ours, or the address is gone.
        """
        try:
            address_id, topic = self.vault.open(token.encode()).decode().split()
            key, about = UUID(address_id), Topic(int(topic))
        except (InvalidToken, ValueError):
            raise NotFound("link", "") from None

        async def work(connection: AsyncConnection) -> None:
            owner = await contacts.owner_of(connection, key)
            known = await contacts.get(connection, self.vault, owner) if owner else None
            address = known.address(key) if known else None
            if address is None:
                raise NotFound("link", "")
            ids = await contacts.find_by_address(connection, self.vault, address)
            now, same = self.clock.now(), list[UUID]()
            for contact in await contacts.get_several(connection, self.vault, ids):
                mine = [each for each in contact.addresses if each.same_as == address.same_as]
                same += [each.address_id for each in mine]
                for each in mine:
                    if not contact.allows(about, Channel.EMAIL, each):
                        continue
                    consent = Consent(
                        consent_id=self.clock.uuid(),
                        address_id=each.address_id,
                        channel=Channel.EMAIL,
                        topic=about,
                        granted=False,
                        proof=_PROOF,
                        give_time=now,
                        record_time=now,
                        actor="the reader",
                    )
                    await contacts.add_consent(connection, self.vault, consent)
            ended = await messages.suppress_refused(connection, self.vault, same, Channel.EMAIL, about, now)
            await outbox.add(connection, events.changed(ended, self.clock))

        await self.database.transaction(work)
