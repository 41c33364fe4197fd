"""Protobuf ⇄ domain for alerts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from google.type.latlng_pb2 import LatLng

from onhand.api.notifications.v1 import alerts_pb2 as pb
from onhand.kit import auth
from onhand.notifications.domain.alerts import Alert, AlertState, LookUp
from onhand.notifications.events import stamp
from onhand.notifications.use_cases.alerts import Alerts

DEFAULT_WAIT = timedelta(days=90)


class AlertServicer:
    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts

    async def CreateAlert(self, request: pb.CreateAlertRequest, _: Any) -> pb.CreateAlertResponse:
        position = _position(request.near.position) if request.HasField("near") else None
        wait = DEFAULT_WAIT
        if request.HasField("wait_duration"):
            wait = timedelta(seconds=request.wait_duration.ToSeconds())
        made = await self._alerts.create(auth.current().subject, request, wait, position)
        return pb.CreateAlertResponse(alert=alert_proto(made))

    async def GetAlert(self, request: pb.GetAlertRequest, _: Any) -> pb.GetAlertResponse:
        return pb.GetAlertResponse(alert=alert_proto(await self._alerts.get(UUID(request.alert_id))))

    async def ListAlerts(self, request: pb.ListAlertsRequest, _: Any) -> pb.ListAlertsResponse:
        found = await self._alerts.list_of(UUID(request.contact_id))
        return pb.ListAlertsResponse(alerts=map(alert_proto, found))

    async def CancelAlert(self, request: pb.CancelAlertRequest, _: Any) -> pb.CancelAlertResponse:
        return pb.CancelAlertResponse(alert=alert_proto(await self._alerts.cancel(UUID(request.alert_id))))

    async def ClaimAlert(self, request: pb.ClaimAlertRequest, _: Any) -> pb.ClaimAlertResponse:
        alert, unit = await self._alerts.claim(UUID(request.alert_id))
        return pb.ClaimAlertResponse(
            alert=alert_proto(alert), reservation_id=str(unit.hold_id), expire_time=stamp(unit.expire_time)
        )

    async def RecordLookUp(self, request: pb.RecordLookUpRequest, _: Any) -> pb.RecordLookUpResponse:
        await self._alerts.record_look_up(
            UUID(request.contact_id), request.item_id, request.location_id, was_out=request.was_out
        )
        return pb.RecordLookUpResponse()

    async def ReportPosition(self, request: pb.ReportPositionRequest, _: Any) -> pb.ReportPositionResponse:
        told = await self._alerts.pass_by(UUID(request.contact_id), _position(request.position))
        return pb.ReportPositionResponse(told=told)


def _position(position: LatLng) -> tuple[float, float]:
    return position.latitude, position.longitude


def look_up_proto(look_up: LookUp) -> pb.LookUp:
    return pb.LookUp(
        item_id=look_up.item_id,
        location_id=look_up.location_id,
        was_out=look_up.was_out,
        look_up_time=stamp(look_up.time),
    )


def alert_proto(alert: Alert) -> pb.Alert:
    offered = alert.state is AlertState.OFFERED
    return pb.Alert(
        alert_id=str(alert.alert_id),
        contact_id=str(alert.contact_id),
        address_id=str(alert.address_id) if alert.address_id else "",
        item_ids=alert.item_ids,
        location_ids=alert.location_ids,
        offer=alert.offer,
        alternative_item_ids=alert.alternative_ids,
        state=int(alert.state),  # type: ignore[arg-type]
        create_time=stamp(alert.create_time),
        expire_time=stamp(alert.expire_time),
        offered_item_id=alert.offered_item_id,
        offered_location_id=alert.offered_location_id,
        claim_deadline=stamp(alert.claim_deadline) if offered else None,
    )
