"""Protobuf ⇄ domain for templates."""

from typing import Any

from onhand.api.notifications.v1 import templates_pb2 as pb
from onhand.kit import auth
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.domain.templates import Template
from onhand.notifications.events import stamp
from onhand.notifications.use_cases.templates import Templates


class TemplateServicer:
    def __init__(self, templates: Templates) -> None:
        self._templates = templates

    async def SaveTemplate(self, request: pb.SaveTemplateRequest, _: Any) -> pb.SaveTemplateResponse:
        actor = auth.current().subject
        saved, warnings = await self._templates.save(actor, request, _template(request.template))
        return pb.SaveTemplateResponse(template=_template_proto(saved), warnings=warnings)

    async def PreviewTemplate(self, request: pb.PreviewTemplateRequest, _: Any) -> pb.PreviewTemplateResponse:
        preview = await self._templates.preview(_template(request.template), request.time_zone)
        response = pb.PreviewTemplateResponse(
            subject=preview.text.subject,
            text=preview.text.text,
            html=preview.text.html,
            warnings=preview.warnings,
            locale=preview.template.locale,
        )
        if (sms := preview.sms) is not None:
            response.sms_length.CopyFrom(
                pb.SmsLength(
                    gsm=sms.gsm,
                    unit_count=sms.unit_count,
                    part_count=sms.part_count,
                    other_characters=sms.other_characters,
                )
            )
        return response

    async def GetTemplate(self, request: pb.GetTemplateRequest, _: Any) -> pb.GetTemplateResponse:
        template = await self._templates.get(
            Purpose(request.purpose),
            Channel(request.channel),
            request.locale,
            request.version if request.HasField("version") else None,
        )
        return pb.GetTemplateResponse(template=_template_proto(template))

    async def ListTemplates(self, request: pb.ListTemplatesRequest, _: Any) -> pb.ListTemplatesResponse:
        purpose = Purpose(request.purpose) if request.purpose else None
        return pb.ListTemplatesResponse(
            templates=map(_template_proto, await self._templates.list_in_use(purpose))
        )


def _template(template: pb.Template) -> Template:
    return Template(
        purpose=Purpose(template.purpose),
        channel=Channel(template.channel),
        locale=template.locale,
        version=0,
        subject=template.subject,
        text=template.text,
        html=template.html,
    )


def _template_proto(template: Template) -> pb.Template:
    return pb.Template(
        purpose=int(template.purpose),  # type: ignore[arg-type]
        channel=int(template.channel),  # type: ignore[arg-type]
        locale=template.locale,
        version=template.version,
        subject=template.subject,
        text=template.text,
        html=template.html,
        create_time=stamp(template.create_time),
        actor=template.actor,
    )
