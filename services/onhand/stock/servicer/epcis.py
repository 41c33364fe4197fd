from datetime import datetime
from typing import Any
from uuid import UUID

from onhand.api.stock.v1 import epcis_pb2 as pb
from onhand.kit import auth, paging
from onhand.stock import messages
from onhand.stock.domain.epcis import query as asking
from onhand.stock.domain.epcis.capture import Capture, Entry, StoredEvent, with_context
from onhand.stock.servicer.keys import malformed, moment_and_id, octets
from onhand.stock.use_cases import Epcis
from onhand.stock.use_cases.epcis import Key


class EpcisServicer:
    def __init__(self, epcis: Epcis) -> None:
        self._epcis = epcis

    async def Capture(self, request: pb.CaptureRequest, _: Any) -> pb.CaptureResponse:
        principal = auth.current()
        proceed = request.error_behaviour == pb.ERROR_BEHAVIOUR_PROCEED
        capture = await self._epcis.capture(
            request.document, principal.subject, principal.locations, proceed=proceed
        )
        return pb.CaptureResponse(capture=_capture(capture))

    async def CaptureEvent(self, request: pb.CaptureEventRequest, _: Any) -> pb.CaptureEventResponse:
        principal = auth.current()
        entry = await self._epcis.capture_one(request.event, principal.subject, principal.locations)
        return pb.CaptureEventResponse(outcome=_outcome(entry))

    async def GetCapture(self, request: pb.GetCaptureRequest, _: Any) -> pb.GetCaptureResponse:
        principal = auth.current()
        capture = await self._epcis.get_capture(
            UUID(request.capture_id), principal.subject, principal.locations
        )
        return pb.GetCaptureResponse(capture=_capture(capture))

    async def ListCaptures(self, request: pb.ListCapturesRequest, _: Any) -> pb.ListCapturesResponse:
        principal = auth.current()
        size = paging.size(request.page_size)
        key = paging.key(request.page_token, str, str)
        captures, last = paging.cut(
            await self._epcis.list_captures(
                None if principal.locations is None else principal.subject,
                moment_and_id(key) if key else None,
                size + 1,
            ),
            size,
        )
        return pb.ListCapturesResponse(
            captures=map(_capture, captures),
            next_page_token=paging.token(last.create_time.isoformat(), str(last.capture_id)) if last else "",
        )

    async def ListEvents(self, request: pb.ListEventsRequest, _: Any) -> pb.ListEventsResponse:
        principal = auth.current()
        query = asking.parse((each.name, each.values) for each in request.parameters)
        size = paging.size(request.page_size)
        after, served = _key(request.page_token)
        if query.first is not None:
            size = min(size, query.first - served)
        locations = None if principal.locations is None else sorted(principal.locations)
        events, more = (
            await self._epcis.list_events(query, locations, after, size) if size > 0 else ([], False)
        )
        served += len(events)
        token = ""
        if more and (query.first is None or served < query.first):
            last = events[-1]
            time = last.event_time if query.by_event_time else last.record_time
            token = paging.token(time.isoformat(), last.event_hash.hex(), int(last.declared), served)
        return pb.ListEventsResponse(events=map(_event, events), next_page_token=token)


def _key(page_token: str) -> tuple[Key | None, int]:
    """Read after which event a page begins, and how many there were before it. Raises InvalidField."""
    key = paging.key(page_token, str, str, int, int)
    if key is None:
        return None, 0
    try:
        time = datetime.fromisoformat(key[0])
    except ValueError:
        raise malformed() from None
    if time.tzinfo is None or key[3] < 0:
        raise malformed()
    return (time, octets(key[1]), bool(key[2])), key[3]


def _capture(capture: Capture) -> pb.CaptureJob:
    behaviour = pb.ERROR_BEHAVIOUR_PROCEED if capture.proceed else pb.ERROR_BEHAVIOUR_ROLLBACK
    return pb.CaptureJob(
        capture_id=str(capture.capture_id),
        create_time=messages.timestamp(capture.create_time),
        finish_time=messages.timestamp(capture.finish_time) if capture.finish_time else None,
        success=capture.success,
        error_behaviour=behaviour,
        outcomes=map(_outcome, capture.entries),
    )


def _outcome(entry: Entry) -> pb.EventOutcome:
    return pb.EventOutcome(
        kind=int(entry.outcome),  # type: ignore[arg-type]
        event_id=entry.event_id,
        reason=entry.reason,
        detail=entry.detail,
    )


def _event(event: StoredEvent) -> pb.EpcisEvent:
    return pb.EpcisEvent(
        event_id=event.event_id,
        event=with_context(event.event, event.context),
        location_id=event.location_id,
        effect=event.effect,
        published=event.published,
    )
