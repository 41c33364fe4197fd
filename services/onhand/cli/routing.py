"""`onhand routing`: policies from YAML files, what they would have changed, and what became of orders."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
import yaml
from google.protobuf.json_format import ParseDict, ParseError
from rich.console import Console
from rich.table import Table

from onhand.api.routing.v1 import network_pb2, policies_pb2, reports_pb2
from onhand.cli import simulating
from onhand.cli.connect import door
from onhand.cli.runtime import DEFAULT_DATA_DIR
from onhand.client import Routing, Settings
from onhand.kit.errors import OnhandError

app = typer.Typer(help="Order routing: policies and what they do.", no_args_is_help=True)

Target = Annotated[str, typer.Option(help="host:port of routing, with a token in ONHAND_TOKEN.")]
DataDir = Annotated[
    Path, typer.Option(help="The folder of a running `onhand up`, where --target is not given.")
]
KINDS: dict[str, Any] = {"policy": policies_pb2.Policy, "network": network_pb2.Network}
MAX_SHOWN = 50
"""Orders whose difference is printed; the count tells the rest."""


@app.callback()
def routing() -> None:
    """Order routing: policies and what they do."""


@app.command()
def apply(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="YAML: policies, and a document of kind network."),
    ],
    dry_run: Annotated[
        int, typer.Option(help="Change nothing; show what this many last orders would have got.")
    ] = 0,
    detail: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    target: Target = "",
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Make the documents of a file those in force, each a new version. Applying it again changes nothing."""
    found = door("routing", target, data_dir)
    try:
        documents = list(read_documents(file))
        with Routing(found.target, found.token, Settings(timeout_s=60)) as client:
            for document in documents:
                if isinstance(document, network_pb2.Network):
                    _apply_network(client, document, detail, validate_only=dry_run > 0)
                    continue
                request = policies_pb2.ApplyPolicyRequest(
                    request_id=str(uuid4()),
                    policy=document,
                    detail=detail,
                    validate_only=dry_run > 0,
                    replay_count=dry_run,
                )
                _show(request, client.policies.ApplyPolicy(request))
    except (OnhandError, ValueError) as error:
        typer.echo(f"onhand: {file}: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def simulate(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML: one policy.")],
    since: Annotated[
        str, typer.Option("--from", help="Orders from this day or time on; 7 days before --to when left out.")
    ] = "",
    until: Annotated[
        str, typer.Option("--to", help="Orders before this day or time; now when left out.")
    ] = "",
    orders: Annotated[int, typer.Option(min=0, help="At most so many, the first; 0: 10,000.")] = 0,
    html: Annotated[Path | None, typer.Option(dir_okay=False, help="Also write a report with plots.")] = None,
    target: Target = "",
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Plan orders of the past again under a policy, and compare. Changes nothing."""
    found = door("routing", target, data_dir)
    start_time, end_time = simulating.moment(since), simulating.moment(until)
    try:
        (policy,) = _policies(file)
        request = reports_pb2.SimulateRoutingRequest(
            policy=policy, max_order_count=orders, start_time=start_time, end_time=end_time
        )
        with Routing(found.target, found.token) as client:
            answer = simulating.simulate(client, request)
    except (OnhandError, ValueError) as error:
        typer.echo(f"onhand: {file}: {error}", err=True)
        raise typer.Exit(1) from None
    simulating.show(answer)
    if html is not None:
        span = f"{since or 'the last 7 days'} to {until or 'now'}" if since or until else "the last 7 days"
        simulating.write_html(html, policy, answer, span)
        print(f"report: {html}")


@app.command()
def report(
    since: Annotated[
        str, typer.Option("--from", help="Orders from this day or time on; 7 days before --to when left out.")
    ] = "",
    until: Annotated[
        str, typer.Option("--to", help="Orders before this day or time; now when left out.")
    ] = "",
    channel: Annotated[str, typer.Option(help="Only of this channel.")] = "",
    target: Target = "",
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Show how well orders were filled: fill and split rate, rejections, promises, distance."""
    found = door("routing", target, data_dir)
    request = reports_pb2.ReportFulfilmentRequest(
        start_time=simulating.moment(since), end_time=simulating.moment(until), channel=channel
    )
    try:
        with Routing(found.target, found.token, Settings(timeout_s=60)) as client:
            simulating.show_report(client.reports.ReportFulfilment(request))
    except OnhandError as error:
        typer.echo(f"onhand: {error}", err=True)
        raise typer.Exit(1) from None


def _policies(file: Path) -> list[policies_pb2.Policy]:
    """Return the one policy of a file. Raises ValueError for none, and for more."""
    found = [each for each in read_documents(file) if isinstance(each, policies_pb2.Policy)]
    if len(found) != 1:
        raise ValueError(f"there are {len(found)} policies in it; one can be simulated")
    return found


def read_documents(file: Path) -> Iterator[policies_pb2.Policy | network_pb2.Network]:
    """Read the documents of a YAML file, whose keys are the fields of the contract.

    A policy, unless `kind` says `network`. Raises ValueError for what is neither.
    """
    try:
        documents: list[Any] = [each for each in yaml.safe_load_all(file.read_text("utf-8")) if each]
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    if not documents:
        raise ValueError("there is no document in it")
    for number, document in enumerate(documents, 1):
        if not isinstance(document, dict):
            raise ValueError(f"document {number} is not a mapping")  # noqa: TRY004 - of the file, not of a caller
        try:
            kind = document.pop("kind", "policy")
            if kind not in KINDS:
                raise ValueError(f"document {number}: kind is {kind!r}, neither policy nor network")
            yield ParseDict(document, KINDS[kind]())
        except ParseError as error:
            raise ValueError(f"document {number}: {error}") from None


def _apply_network(
    client: Routing, network: network_pb2.Network, detail: str, *, validate_only: bool
) -> None:
    request = network_pb2.ApplyNetworkRequest(
        request_id=str(uuid4()), network=network, detail=detail, validate_only=validate_only
    )
    version = client.network.ApplyNetwork(request).network.version
    print(f"network: version {version} {'would be' if validate_only else 'is'} in force")


def _show(request: policies_pb2.ApplyPolicyRequest, answer: policies_pb2.ApplyPolicyResponse) -> None:
    name = answer.policy.channel or "every other channel"
    done = "would be" if request.validate_only else "is"
    print(f"policy for {name}: version {answer.policy.version} {done} in force")
    if not request.replay_count:
        return
    print(f"{len(answer.differences)} of {answer.replayed_count} orders planned again would have changed")
    if not answer.differences:
        return
    table = Table("order", "from", "would be from", "parked", "km", "cost")
    for each in answer.differences[:MAX_SHOWN]:
        before, after = each.before, each.after
        table.add_row(
            each.order_id,
            ", ".join(before.location_ids) or "nowhere",
            ", ".join(after.location_ids) or "nowhere",
            f"{before.parked_count} → {after.parked_count}",
            f"{before.distance_metres / 1000:.1f} → {after.distance_metres / 1000:.1f}",
            f"{before.cost:.2f} → {after.cost:.2f}",
        )
    Console().print(table)
