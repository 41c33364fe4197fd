"""Templates: checked, saved, previewed, shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.notifications.v1 import templates_pb2 as pb
from onhand.kit import idempotency
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import FieldViolation, InvalidField, LimitReached, NotFound
from onhand.notifications import rendering
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.domain.templates import FALLBACK_LOCALE, PARTS, SmsLength, Template, sms_length
from onhand.notifications.storage import templates

MAX_TEMPLATES = 1_000
"""Purposes × channels × locales; protects the memory of an answer."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a reader would see, and what is worth a look."""

    template: Template
    text: rendering.Text
    sms: SmsLength | None
    warnings: Sequence[str]


@dataclass(frozen=True)
class Templates:
    """What messages say."""

    database: Database
    clock: Clock
    settings: NotificationsSettings

    async def save(
        self, actor: str, request: pb.SaveTemplateRequest, new: Template
    ) -> tuple[Template, list[str]]:
        """Make a template the one in use; returns it and warnings. Raises InvalidField, LimitReached."""
        said = rendering.check(new)
        self._check_length(new, said)

        async def effect(connection: AsyncConnection) -> pb.SaveTemplateResponse:
            await templates.lock(connection)
            saved = await templates.in_use(connection)
            if len(saved) >= MAX_TEMPLATES:
                raise LimitReached(f"{MAX_TEMPLATES} templates")
            mine = [each for each in saved if each.purpose is new.purpose]
            if new.locale != FALLBACK_LOCALE and not rendering.has_fallback(mine, new.purpose, new.channel):
                problem = f"save {FALLBACK_LOCALE} first, which readers of other languages fall back to"
                raise InvalidField([FieldViolation("template.locale", problem)])
            version = 1 + max(
                (each.version for each in mine if (each.channel, each.locale) == (new.channel, new.locale)),
                default=0,
            )
            kept = replace(new, version=version, create_time=self.clock.now(), actor=actor)
            await templates.add(connection, kept)
            response = pb.SaveTemplateResponse(warnings=rendering.warnings(kept, said, mine))
            response.template.version = version
            return response

        async def work(connection: AsyncConnection) -> tuple[Template, list[str]]:
            response = await idempotency.once(
                connection, actor, request, pb.SaveTemplateResponse, lambda: effect(connection)
            )
            version = response.template.version
            kept = await templates.get(connection, new.purpose, new.channel, new.locale, version)
            if kept is None:
                raise NotFound("template", f"{new.purpose.name} {new.locale}")
            return kept, list(response.warnings)

        return await self.database.transaction(work)

    async def preview(self, draft: Template, time_zone: str) -> Preview:
        """Render a draft, or the template in use where the draft is empty. Raises InvalidField, NotFound."""
        saved = await self.database.read(lambda connection: templates.in_use(connection, draft.purpose))
        template = draft
        if not draft.parts:
            if not rendering.has_fallback(saved, draft.purpose, draft.channel):
                raise NotFound("template", f"{draft.purpose.name} {draft.channel.name}")
            template = rendering.choose(saved, draft.purpose, draft.channel, draft.locale)
        rendering.check(template)
        reader = rendering.Reader(draft.locale, time_zone, "Jane Doe")
        text = rendering.render_with(template, rendering.sample(draft.purpose, full=True), reader)
        self._check_length(template, text)
        sms = sms_length(text.text) if draft.channel is Channel.SMS else None
        return Preview(template, text, sms, rendering.warnings(template, text, saved))

    async def get(self, purpose: Purpose, channel: Channel, locale: str, version: int | None) -> Template:
        """Return a template, by default the one in use. Raises NotFound."""
        own = rendering.builtin(purpose, channel).get(locale)
        found: Template | None = own if version in {None, 0} else None
        if version is None:
            saved = await self.database.read(lambda connection: templates.in_use(connection, purpose))
            mine = (each for each in saved if (each.channel, each.locale) == (channel, locale))
            found = next(mine, own)
        elif version > 0:
            found = await self.database.read(
                lambda connection: templates.get(connection, purpose, channel, locale, version)
            )
        if found is None:
            raise NotFound("template", f"{purpose.name} {channel.name} {locale}")
        return found

    async def list_in_use(self, purpose: Purpose | None) -> list[Template]:
        """Return the templates in use, by purpose, channel and locale."""
        saved = await self.database.read(lambda connection: templates.in_use(connection, purpose))
        own = [
            template
            for each in ([purpose] if purpose else Purpose)
            for channel in PARTS
            for template in rendering.builtin(each, channel).values()
        ]
        by_name = {(each.purpose, each.channel, each.locale): each for each in (*own, *saved)}
        return [by_name[name] for name in sorted(by_name)]

    def _check_length(self, template: Template, text: rendering.Text) -> None:
        limit = self.settings.max_sms_parts
        if template.channel is Channel.SMS and (parts := sms_length(text.text).part_count) > limit:
            problem = f"is sent as {parts} text messages; the limit is {limit}"
            raise InvalidField([FieldViolation("template.text", problem)])
