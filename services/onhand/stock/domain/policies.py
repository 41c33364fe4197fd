"""What merchants keep back, and from whom: rules by item, item class, location and channel.

A rule says some terms for a scope. Of the rules that apply to a cell and a channel, each term is taken from
the most specific one that says it. An item is more specific than its class, a class than a location, a location
than a channel: so a rule for an item everywhere beats one for all items of a store, and among rules for that
item the one that also names the store beats the one that names the channel. What no rule says comes from the
location's own safety stock, or is not limited.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule is for; an empty text names all. At most one of item and class is set."""

    item_id: str = ""
    item_class: str = ""
    location_id: str = ""
    channel: str = ""

    def __str__(self) -> str:
        names = {
            "item": self.item_id,
            "class": self.item_class,
            "location": self.location_id,
            "channel": self.channel,
        }
        return " ".join(f"{name}={value}" for name, value in names.items() if value) or "all"

    @property
    def rank(self) -> int:
        """How specific it is; two scopes of one rank never apply to the same cell and channel."""
        return (
            8 * bool(self.item_id)
            + 4 * bool(self.item_class)
            + 2 * bool(self.location_id)
            + bool(self.channel)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A scope and its terms; None is left to the next less specific rule."""

    scope: Scope
    safety_stock: int | None = None
    """Units kept back because the books may be wrong and demand may surprise."""
    kept_percent: int | None = None
    """Share of the sellable units, in percent, kept for those who are not limited by it: the shop floor."""
    out_quantity: int | None = None
    """At or below so many available, none are."""
    customer_limit: int | None = None
    """Units of the item that one customer may hold, over all locations."""
    channel_limit: int | None = None
    """Units of the cell that the baskets of one channel may hold together."""
    orders_first: bool | None = None
    """An order's hold may take the units of baskets."""


TERMS = ("safety_stock", "kept_percent", "out_quantity", "customer_limit", "channel_limit", "orders_first")


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a cell and a channel."""

    safety_stock: int = 0
    kept_percent: int = 0
    out_quantity: int = 0
    customer_limit: int | None = None
    channel_limit: int | None = None
    orders_first: bool = False

    def kept(self, sellable: int) -> int:
        """Return the units kept back of `sellable`: the safety stock or the share, whichever is more.

        The greater and not the sum: a unit kept for the shop floor also covers for a count that is wrong.
        """
        return max(self.safety_stock, -(-max(0, sellable) * self.kept_percent // 100))


def explain(
    rules: Iterable[Rule], channel: str, location_safety_stock: int
) -> dict[str, tuple[Any, Rule | None]]:
    """Return each term's value and the rule that gave it; None: the location's safety stock, or no rule.

    `rules` are those that apply to the cell, whatever their channel.
    """
    found: dict[str, tuple[Any, Rule | None]] = {name: (getattr(NOTHING, name), None) for name in TERMS}
    found["safety_stock"] = (location_safety_stock, None)
    mine = [each for each in rules if each.scope.channel in ("", channel)]
    for rule in sorted(mine, key=lambda each: each.scope.rank):
        for name in TERMS:
            if (value := getattr(rule, name)) is not None:
                found[name] = (value, rule)
    return found


def terms(rules: Sequence[Rule], channel: str, location_safety_stock: int) -> Terms:
    """Return what holds for a cell and a channel, as `explain` says."""
    if not rules:
        return Terms(location_safety_stock)
    found = explain(rules, channel, location_safety_stock)
    return Terms(**{name: value for name, (value, _) in found.items()})


NOTHING = Terms()


class Rulebook:
    """All rules, found by cell."""

    def __init__(self, rules: Iterable[Rule] = (), classes: Mapping[str, str] | None = None) -> None:
        """`classes` has the class of each item whose class some rule names."""
        self._classes = dict(classes or {})
        self._rules: dict[tuple[str, str, str], list[Rule]] = {}
        self.class_names: set[str] = set()
        """The classes that rules name."""
        for rule in rules:
            scope = rule.scope
            self._rules.setdefault((scope.item_id, scope.item_class, scope.location_id), []).append(rule)
            if scope.item_class:
                self.class_names.add(scope.item_class)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def of(self, location_id: str, item_id: str) -> Sequence[Rule]:
        """Return the rules that apply to a cell, whatever their channel."""
        if not self._rules:
            return ()
        kinds = [(item_id, ""), ("", "")]
        if (item_class := self._classes.get(item_id)) is not None:
            kinds.append(("", item_class))
        return [
            rule
            for kind in kinds
            for place in (location_id, "")
            for rule in self._rules.get((*kind, place), ())
        ]

    def reclass(self, item_ids: Iterable[str], classes: Mapping[str, str]) -> list[str]:
        """Take the classes of some items anew; returns the items whose class has changed."""
        changed = [each for each in item_ids if self._classes.get(each) != classes.get(each)]
        for each in changed:
            self._classes.pop(each, None)
            if each in classes:
                self._classes[each] = classes[each]
        return changed
