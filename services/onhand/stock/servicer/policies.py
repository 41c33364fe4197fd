from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.stock.v1 import stock_policies_pb2 as pb
from onhand.kit import auth, paging
from onhand.kit.db import Database
from onhand.kit.idempotency import once
from onhand.stock.domain.demand import Replenishment, Suggestion, SuggestionState
from onhand.stock.domain.doubt import Doubt
from onhand.stock.domain.model import CellKey
from onhand.stock.domain.policies import TERMS, Rule, Scope
from onhand.stock.messages import scope, timestamp, to_scope
from onhand.stock.storage.policies import Change, Policy
from onhand.stock.use_cases import Demand, Policies

R = TypeVar("R", bound=Message)

DEFAULT_MIN_SCORE = 0.5


class StockPolicyServicer:
    def __init__(self, policies: Policies, demand: Demand, database: Database) -> None:
        self._policies = policies
        self._demand = demand
        self._database = database

    async def SetStockPolicies(
        self, request: pb.SetStockPoliciesRequest, _: Any
    ) -> pb.SetStockPoliciesResponse:
        principal = auth.current()
        _require(*(each.scope for each in request.policies))
        rules = [(_rule(each), each.note) for each in request.policies]
        return pb.SetStockPoliciesResponse(revision=await self._policies.set(rules, principal.subject))

    async def ListStockPolicies(
        self, request: pb.ListStockPoliciesRequest, _: Any
    ) -> pb.ListStockPoliciesResponse:
        count = paging.size(request.page_size)
        item_id, location_id, item_class, channel = paging.key(request.page_token, str, str, str, str) or (
            [""] * 4
        )
        wanted = Scope(request.item_id, request.item_class, request.location_id, request.channel)
        after = item_id, location_id, item_class, channel
        # The scope that names nothing sorts first, and not after itself.
        found = await self._policies.list_page(after, count + 1, wanted, first=not request.page_token)
        page, last = paging.cut(found, count)
        return pb.ListStockPoliciesResponse(
            policies=[_policy(each) for each in page], next_page_token=_token(last.rule.scope) if last else ""
        )

    async def DeleteStockPolicies(
        self, request: pb.DeleteStockPoliciesRequest, _: Any
    ) -> pb.DeleteStockPoliciesResponse:
        principal = auth.current()
        _require(*request.scopes)
        scopes = list(dict.fromkeys(map(to_scope, request.scopes)))
        count, revision = await self._policies.delete(scopes, request.note, principal.subject)
        return pb.DeleteStockPoliciesResponse(deleted_count=count, revision=revision)

    async def ListStockPolicyChanges(
        self, request: pb.ListStockPolicyChangesRequest, _: Any
    ) -> pb.ListStockPolicyChangesResponse:
        count = paging.size(request.page_size)
        token = paging.key(request.page_token, int)
        wanted = to_scope(request.scope) if request.HasField("scope") else None
        found = await self._policies.changes(wanted, token[0] if token else None, count + 1)
        page, last = paging.cut(found, count)
        return pb.ListStockPolicyChangesResponse(
            changes=[_change(each) for each in page],
            next_page_token=paging.token(last.change_id) if last else "",
        )

    async def ExplainStockPolicy(
        self, request: pb.ExplainStockPolicyRequest, _: Any
    ) -> pb.ExplainStockPolicyResponse:
        auth.current().require_location(request.location_id)
        key = CellKey(request.location_id, request.item_id)
        found = await self._policies.explain(key, request.channel)
        return pb.ExplainStockPolicyResponse(
            terms=[
                pb.StockPolicyTerm(
                    name=name,
                    value=int(value or 0),
                    unlimited=value is None,
                    scope=scope(rule.scope) if rule else None,
                )
                for name, (value, rule) in found.terms.items()
            ],
            kept_quantity=found.kept,
            available=found.cell.available_to(request.channel),
            applying_scopes=[scope(each.scope) for each in found.rules],
        )

    async def SuggestSafetyStock(
        self, request: pb.SuggestSafetyStockRequest, _: Any
    ) -> pb.SuggestSafetyStockResponse:
        auth.current().require_location(request.location_id)
        replenishment = Replenishment(
            request.service_level, request.lead_time_days, request.lead_time_deviation_days
        )

        async def suggest(connection: AsyncConnection, actor: str) -> pb.SuggestSafetyStockResponse:
            proposed, untold = await self._demand.suggest(
                connection, request.location_id, request.item_ids, replenishment, actor
            )
            return pb.SuggestSafetyStockResponse(proposed_count=proposed, untold_count=untold)

        return await self._once(request, pb.SuggestSafetyStockResponse, suggest)

    async def ListSafetyStockSuggestions(
        self, request: pb.ListSafetyStockSuggestionsRequest, _: Any
    ) -> pb.ListSafetyStockSuggestionsResponse:
        principal = auth.current()
        if request.location_id:
            principal.require_location(request.location_id)
        count = paging.size(request.page_size)
        token = paging.key(request.page_token, str)
        before = UUID(token[0]) if token else None
        found = await self._demand.list_page(request.location_id, request.state, before, count + 1)
        page, last = paging.cut(found, count)
        return pb.ListSafetyStockSuggestionsResponse(
            suggestions=[_suggestion(each) for each in page if principal.visible([each.key.location_id])],
            next_page_token=paging.token(str(last.suggestion_id)) if last else "",
        )

    async def DecideSafetyStockSuggestions(
        self, request: pb.DecideSafetyStockSuggestionsRequest, _: Any
    ) -> pb.DecideSafetyStockSuggestionsResponse:
        principal = auth.current()
        ids = [UUID(each) for each in request.suggestion_ids]
        state = SuggestionState.ACCEPTED if request.accept else SuggestionState.REJECTED

        async def decide(connection: AsyncConnection, actor: str) -> pb.DecideSafetyStockSuggestionsResponse:
            decided, revision = await self._demand.decide(connection, ids, state, request.note, actor)
            principal.require_location(*(each.key.location_id for each in decided))
            return pb.DecideSafetyStockSuggestionsResponse(revision=revision)

        return await self._once(request, pb.DecideSafetyStockSuggestionsResponse, decide)

    async def ListDoubtfulCells(
        self, request: pb.ListDoubtfulCellsRequest, _: Any
    ) -> pb.ListDoubtfulCellsResponse:
        auth.current().require_location(request.location_id)
        found = await self._demand.doubtful(
            request.location_id, request.min_score or DEFAULT_MIN_SCORE, paging.size(request.max_count)
        )
        return pb.ListDoubtfulCellsResponse(
            cells=[_doubtful(each, item_class) for each, item_class in found],
            item_classes=sorted({item_class for _, item_class in found} - {""}),
        )

    async def _once(
        self, request: Any, response_type: type[R], effect: Callable[[AsyncConnection, str], Awaitable[R]]
    ) -> R:
        actor = auth.current().subject
        return await self._database.transaction(
            lambda c: once(c, actor, request, response_type, lambda: effect(c, actor))
        )


def _require(*scopes: pb.StockPolicyScope) -> None:
    """A policy of one location takes a token that speaks for it; one of all, a token that speaks for all."""
    principal = auth.current()
    for each in scopes:
        principal.require_location(each.location_id or "*")


def _token(value: Scope) -> str:
    return paging.token(value.item_id, value.location_id, value.item_class, value.channel)


def _rule(message: pb.StockPolicy) -> Rule:
    said = {name: getattr(message, name) for name in TERMS if message.HasField(name)}
    return Rule(to_scope(message.scope), **said)


def _said(rule: Rule) -> dict[str, Any]:
    return {name: value for name in TERMS if (value := getattr(rule, name)) is not None}


def _policy(policy: Policy) -> pb.StockPolicy:
    return pb.StockPolicy(
        scope=scope(policy.rule.scope),
        note=policy.note,
        version=policy.version,
        actor=policy.actor,
        update_time=timestamp(policy.update_time),
        **_said(policy.rule),
    )


def _change(change: Change) -> pb.StockPolicyChange:
    return pb.StockPolicyChange(
        policy=pb.StockPolicy(
            scope=scope(change.scope),
            note=change.note,
            actor=change.actor,
            update_time=timestamp(change.change_time),
            **(_said(change.rule) if change.rule else {}),
        ),
        deleted=change.rule is None,
    )


def _suggestion(value: Suggestion) -> pb.SafetyStockSuggestion:
    state: Any = int(value.state)
    demand, replenishment = value.demand, value.replenishment
    return pb.SafetyStockSuggestion(
        suggestion_id=str(value.suggestion_id),
        item_id=value.key.item_id,
        location_id=value.key.location_id,
        state=state,
        safety_stock=value.safety_stock,
        present_safety_stock=value.present,
        daily_demand=demand.mean,
        daily_demand_deviation=demand.deviation,
        demand_days=demand.days,
        empty_days=demand.empty_days,
        safety_factor=replenishment.safety_factor,
        service_level=replenishment.service_level,
        lead_time_days=replenishment.lead_time_days,
        lead_time_deviation_days=replenishment.lead_time_deviation_days,
        actor=value.actor,
        create_time=timestamp(value.create_time),
        decide_actor=value.decide_actor,
        decide_time=timestamp(value.decide_time),
    )


def _doubtful(doubt: Doubt, item_class: str) -> pb.DoubtfulCell:
    evidence = doubt.evidence
    return pb.DoubtfulCell(
        item_id=evidence.key.item_id,
        location_id=evidence.key.location_id,
        item_class=item_class,
        sellable=evidence.sellable,
        score=doubt.score,
        daily_demand=evidence.daily_demand,
        silent_days=evidence.silent_days,
        short_pick_count=evidence.short_picks,
        tag_count=evidence.tags,
        unconfirmed_tag_count=evidence.unconfirmed_tags,
        daily_loss=doubt.daily_loss,
    )
