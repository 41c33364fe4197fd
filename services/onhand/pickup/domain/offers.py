"""Another item in place of one that cannot be had, if the customer agrees.

PROPOSED → OFFERED → ACCEPTED, DECLINED or LAPSED; FAILED when it could not be held or its task ended.
Functions as in `transitions`.
"""

from dataclasses import replace

from onhand.kit.errors import NotFound, WrongState
from onhand.pickup.domain import facts
from onhand.pickup.domain.facts import Fact
from onhand.pickup.domain.task import (
    UNDECIDED,
    State,
    Substitution,
    SubstitutionState,
    Task,
    TaskLine,
)
from onhand.pickup.domain.transitions import (
    WORKING,
    At,
    Change,
    changed,
    find_line,
    invalid,
    require,
    step,
    with_lines,
)


def propose(task: Task, offer: Substitution, at: At) -> Change:
    """Offer another item for units left of a line, all of them when its quantity is 0."""
    require(task, WORKING, "have a substitution proposed")
    line = find_line(task, offer.line_id)
    if line.reservation_id:
        raise WrongState("line", line.line_id, "a substitute", "be substituted")
    if line.item_id == offer.item_id:
        raise invalid("item_id", "is the line's own item")
    if line.left == 0:
        raise WrongState("line", line.line_id, "without units left to pick", "be substituted")
    if any(each.state in UNDECIDED and each.line_id == line.line_id for each in task.substitutions):
        raise WrongState("line", line.line_id, "with an offer open", "be substituted")
    quantity = offer.quantity or line.left
    if quantity > line.left:
        raise invalid("quantity", f"{quantity} offered, {line.left} are left to pick")
    offer = replace(
        offer,
        quantity=quantity,
        state=SubstitutionState.PROPOSED,
        decide_deadline=at.now + at.rules.substitution,
    )
    proposed = replace(
        task,
        lines=with_lines(task, replace(line, substituted=line.substituted + quantity)),
        substitutions=(*task.substitutions, offer),
        state=State.PICKING,
    )
    started: list[Fact] = [] if task.state is State.PICKING else [facts.Started()]
    return changed(task, proposed, *started, facts.SubstitutionProposed(offer))


def offered(task: Task, substitution_id: str, at: At) -> Change:
    """Ask the customer, now that stock holds it; nothing when it was decided meanwhile."""
    offer = find(task, substitution_id)
    if offer.state is not SubstitutionState.PROPOSED:
        return Change(task)
    asked = replace(offer, state=SubstitutionState.OFFERED, decide_deadline=at.now + at.rules.substitution)
    return changed(task, _with(task, asked), facts.SubstitutionOffered(asked))


def answer(task: Task, substitution_id: str, *, accepted: bool, at: At) -> Change:
    """Take the customer's yes or no."""
    offer = find(task, substitution_id)
    late = at.now >= offer.decide_deadline
    if offer.state is not SubstitutionState.OFFERED or late:
        state = "past its deadline" if late and offer.state in UNDECIDED else offer.state.name
        raise WrongState("substitution", substitution_id, state, "be answered")
    if not accepted:
        return decide(task, offer, SubstitutionState.DECLINED)
    taken = replace(offer, state=SubstitutionState.ACCEPTED)
    line = TaskLine(
        offer.substitute_line_id, offer.item_id, offer.quantity, reservation_id=offer.substitution_id
    )
    after = _with(task, taken)
    after = step(replace(after, lines=(*after.lines, line)), at)
    return changed(task, after, facts.SubstitutionDecided(taken, taken.reason))


def decide(task: Task, offer: Substitution, state: SubstitutionState) -> Change:
    """End an offer without a yes: what it stood for is left to pick again."""
    ended = replace(offer, state=state)
    line = find_line(task, offer.line_id)
    lines = with_lines(task, replace(line, substituted=line.substituted - offer.quantity))
    after = replace(_with(task, ended), lines=lines)
    return changed(task, after, facts.SubstitutionDecided(ended, ended.reason))


def fail(task: Task, substitution_id: str) -> Change:
    """Stock cannot hold it; nothing when it was decided meanwhile."""
    offer = find(task, substitution_id)
    if offer.state is not SubstitutionState.PROPOSED:
        return Change(task)
    return decide(task, offer, SubstitutionState.FAILED)


def find(task: Task, substitution_id: str) -> Substitution:
    """Return a substitution by its id, or raise NotFound."""
    for each in task.substitutions:
        if each.substitution_id == substitution_id:
            return each
    raise NotFound("substitution", substitution_id)


def _with(task: Task, changed_offer: Substitution) -> Task:
    substitutions = tuple(
        changed_offer if each.substitution_id == changed_offer.substitution_id else each
        for each in task.substitutions
    )
    return replace(task, substitutions=substitutions)
