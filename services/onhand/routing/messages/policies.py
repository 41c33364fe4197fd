"""Policies and what they change."""

from dataclasses import fields

from onhand.api.routing.v1 import policies_pb2
from onhand.routing.domain.policy import Capacity, Costs, Group, Policy, Rules, TieBreak
from onhand.routing.domain.replay import Difference, Summary


def policy_from(message: policies_pb2.Policy) -> Policy:
    """Read a policy; what is left out has its default."""
    default = Costs()
    costs = {
        each.name: getattr(message.costs if message.costs.HasField(each.name) else default, each.name)
        for each in fields(Costs)
    }
    limits = message.capacity
    return Policy(
        channel=message.channel,
        version=message.version,
        collect=_rules_from(message.collect),
        ship=_rules_from(message.ship),
        costs=Costs(**costs),
        tie_breaks=tuple(map(TieBreak, message.tie_breaks)),
        groups=tuple(Group(each.name, tuple(each.location_ids)) for each in message.groups),
        capacity=Capacity(limits.orders_per_day, dict(limits.location_orders_per_day)),
        wave_s=message.wave_seconds,
        max_locations=message.max_locations if message.HasField("max_locations") else Policy().max_locations,
    )


def _rules_from(message: policies_pb2.Rules) -> Rules:
    return Rules(
        frozenset(message.excluded_location_ids),
        message.minimum_confidence,
        message.keep_units,
        message.maximum_distance_km,
    )


def difference_message(difference: Difference) -> policies_pb2.PlanDifference:
    return policies_pb2.PlanDifference(
        order_id=difference.order_id,
        before=_summary_message(difference.before),
        after=_summary_message(difference.after),
    )


def _summary_message(summary: Summary) -> policies_pb2.PlanSummary:
    return policies_pb2.PlanSummary(
        location_ids=summary.location_ids,
        parked_count=summary.parked_count,
        distance_metres=summary.distance_metres,
        cost=summary.cost,
    )
