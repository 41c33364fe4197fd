"""What dashboard and alerts look at is there, and each alert has a page that says what to do."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import yaml
from tests.acceptance.errand import Errand
from tests.stack import Mailbox, Stack, eventually

from onhand.api.routing.v1 import orders_pb2 as op

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy/kubernetes/components/monitoring"
STORE = "utrecht"
SERVICES = ("stock", "routing", "pickup", "notifications", "edge")
GTIN = "04006381333931"
SOLD = {"type": "CUSTOM", "timestamp": "2026-01-01T00:00:00.000Z", "data": {"idHex": "zz", "antenna": 1}}
PROMETHEUS_OWN = {"up"}


def expressions() -> dict[str, list[str]]:
    """Return what the dashboard and the alerts ask Prometheus, by panel or alert."""
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    found = {
        panel["title"]: [target["expr"] for target in panel["targets"]]
        for panel in panels
        if "targets" in panel
    }
    return found | {alert["alert"]: [alert["expr"]] for alert in alerts()}


def alerts() -> Iterator[dict[str, str]]:
    for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["spec"]["groups"]:
        yield from group["rules"]


def names(expression: str) -> set[str]:
    """Return the metrics of an expression."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)", "", expression)
    return {
        each
        for each in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b|\bup\b", bare)
        if not each.startswith("histogram_")
    }


def labels(expression: str) -> set[tuple[str, str]]:
    """Return the values of labels that an expression names outright."""
    return {
        (metric, value)
        for metric, value in re.findall(r'(onhand_queue_[a-z_]+)\{queue="([^"]+)"', expression)
    }


def scrape(stack: Stack, service: str) -> str:
    """Return a service's metrics, from whatever port it serves them on."""
    listening = {
        each.laddr.port
        for each in psutil.Process(stack.runtime.children[service]).net_connections("tcp")
        if each.status == psutil.CONN_LISTEN
    }
    own = int(stack.address(service).rpartition(":")[2])
    for port in listening - {own}:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
        if answer.headers.get("content-type", "").startswith("text/plain"):
            return answer.text
    return ""


def test_dashboard_and_alerts_name_only_metrics_that_are_emitted(
    stack: Stack, mailbox: Mailbox, new_item: Callable[..., str]
) -> None:
    """After an order from shop to customer, a batch of reads, and a broken one."""
    item_id = new_item(utrecht=2)
    errand = Errand(stack, mailbox)
    errand.submit(item_id, store=STORE)
    errand.reached(op.OrderLine.STATE_ASSIGNED)
    task = errand.task(STORE)
    errand.accept(task)
    errand.pick(task)
    errand.stage(task)
    errand.hand_over(task, errand.code())
    errand.close()
    posted = httpx.post(
        f"http://{stack.address('edge')}/ingest/zebra",
        params={"reader_id": f"{STORE}-gate"},
        headers={"authorization": f"Bearer {stack.token('reads.write')}"},
        json=[SOLD, SOLD | {"data": {"idHex": "3034257BF7194E4000001A85", "antenna": 1}}],
    )
    assert posted.status_code == httpx.codes.OK, posted.text

    wanted = {
        each for found in expressions().values() for text in found for each in names(text)
    } - PROMETHEUS_OWN
    queues = {value for found in expressions().values() for text in found for _, value in labels(text)}
    missing: set[str] = set()

    def all_there() -> bool:
        seen = "\n".join(scrape(stack, service) for service in SERVICES)
        missing.clear()
        missing.update(each for each in wanted if not re.search(rf"^{each}[ {{]", seen, re.MULTILINE))
        missing.update(each for each in queues if f'queue="{each}"' not in seen)
        # Counts have to have found something; that is another test's work.
        missing.discard("onhand_stock_accuracy_percent")
        return not missing

    try:
        eventually(all_there, 60)
    except AssertionError:
        raise AssertionError(f"named but never emitted: {sorted(missing)}") from None


def test_each_alert_says_what_to_do() -> None:
    page = (ROOT / "docs/operating.md").read_text()
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-")
        for each in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    }
    found = list(alerts())
    assert len(found) > 10
    for alert in found:
        path, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert path == "docs/operating.md"
        assert anchor in anchors, alert["alert"]
