"""What another policy would have done with orders of the past."""

from dataclasses import dataclass

from onhand.routing.domain.plan import Plan, cost_of


@dataclass(frozen=True, slots=True)
class Summary:
    """What a plan comes to."""

    location_ids: tuple[str, ...]
    parked_count: int
    distance_metres: int
    cost: float


@dataclass(frozen=True, slots=True)
class Difference:
    """An order that is planned in two ways."""

    order_id: str
    before: Summary
    after: Summary


def summary(plan: Plan) -> Summary:
    chosen = {portion.location_id for portion in plan.portions}
    placed = {portion.line_id for portion in plan.portions}
    return Summary(
        tuple(sorted(chosen)),
        sum(demand.line_id not in placed for demand in plan.question.demands),
        sum(each.distance_metres for each in plan.question.options if each.location_id in chosen),
        cost_of(plan),
    )


def difference(order_id: str, before: Plan, after: Plan) -> Difference | None:
    """Compare two plans of one question, judged by one policy; None when they place alike."""
    if set(before.portions) == set(after.portions):
        return None
    return Difference(order_id, summary(before), summary(after))
