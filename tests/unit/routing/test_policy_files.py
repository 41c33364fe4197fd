"""Policies as merchants write them."""

from pathlib import Path

import protovalidate
import pytest

from onhand.cli.routing import read_documents
from onhand.routing.domain.policy import Capacity, Costs, Policy, TieBreak
from onhand.routing.messages.network import network_from
from onhand.routing.messages.policies import policy_from

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_examples_of_the_documentation_are_taken(tmp_path: Path) -> None:
    page = (DOCS / "routing.md").read_text()
    file = tmp_path / "policy.yaml"
    file.write_text("---\n".join(each.split("```")[0] for each in page.split("```yaml\n")[1:]))
    message, tables = read_documents(file)
    protovalidate.validate(message)
    protovalidate.validate(tables)
    (service,) = network_from(tables).carrier_services
    assert service.transit("NL-9700", "BE-1000", 10).days == 3
    policy = policy_from(message)
    assert (policy.channel, policy.ship.keep_units, policy.collect.minimum_confidence) == ("web", 1, 0.4)
    assert [group.name for group in policy.groups] == ["centres", "stores"]
    assert policy.capacity == Capacity(120, {"store-3": 40})
    assert policy.costs == Costs(split=80, doubt=60)
    assert policy.tie_breaks == (TieBreak.DISTANCE,)


def test_what_is_left_out_has_its_default_and_zero_is_not_left_out(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("max_locations: 1\n---\ncosts: {split: 0}\n")
    first, second = map(policy_from, read_documents(file))
    assert first == Policy(max_locations=1)
    assert second.costs == Costs(split=0)


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "ship: {keep: 1}", "costs: {split: many}"])
def test_what_is_no_policy_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"document|parsing"):
        list(read_documents(file))
