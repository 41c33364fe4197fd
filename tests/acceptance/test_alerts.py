"""Back in stock, from the wish to the order: who waited is told, the unit is held, and their order takes it over."""

from pathlib import Path

import pytest
from tests.acceptance.errand import Errand, again, request_id
from tests.stack import Mailbox, Stack, eventually, make_item
from typer.testing import CliRunner

from onhand.api.notifications.v1 import alerts_pb2, contacts_pb2, measures_pb2, messages_pb2
from onhand.api.routing.v1 import orders_pb2 as op
from onhand.api.stock.v1 import ledger_pb2, reservations_pb2
from onhand.cli.main import app, mount
from onhand.client import Notifications
from onhand.kit.errors import InsufficientStock

EMAIL = messages_pb2.Message.CHANNEL_EMAIL


def test_who_waited_is_told_and_their_order_takes_the_unit_over(
    stack: Stack, mailbox: Mailbox, chain: tuple[str, ...], tmp_path: Path
) -> None:
    errand = Errand(stack, mailbox)
    item_id = make_item(stack)
    with stack.client(Notifications) as notifications:
        contact = again(lambda: notifications.contacts.UpsertContact(person(errand.email))).contact
        consent = contacts_pb2.RecordConsentRequest(
            request_id=request_id(),
            contact_id=contact.contact_id,
            address_id=contact.identities[0].addresses[0].address_id,
            channel=EMAIL,
            topic=contacts_pb2.TOPIC_ALERT,
            granted=True,
            proof=contacts_pb2.ConsentProof(source="web shop"),
        )
        notifications.contacts.RecordConsent(consent)
        alert = alerts_pb2.Alert(
            contact_id=contact.contact_id,
            item_ids=[item_id],
            location_ids=["utrecht"],
            offer="Half price until Sunday",
        )
        request = alerts_pb2.CreateAlertRequest(request_id=request_id(), alert=alert)
        alert_id = again(lambda: notifications.alerts.CreateAlert(request)).alert.alert_id
        receipt = ledger_pb2.RecordReceiptRequest(
            request_id=request_id(),
            location_id="utrecht",
            lines=[ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=item_id), quantity=1)],
        )
        errand.stock.ledger.RecordReceipt(receipt)
        (mail,) = eventually(lambda: mailbox.to(errand.email), 60)
        assert mail["Subject"] == f"{item_id} is there again"
        body = mail.get_body(("plain",))
        assert body is not None
        assert "Half price until Sunday" in body.get_content()

        somebody_else = Errand(stack, mailbox)
        with pytest.raises(InsufficientStock):
            hold(somebody_else, item_id)
        claim = alerts_pb2.ClaimAlertRequest(alert_id=alert_id)
        claimed = again(lambda: notifications.alerts.ClaimAlert(claim))
        errand.submit(item_id, store="utrecht", reservation_id=claimed.reservation_id)
        errand.reached(op.OrderLine.STATE_ASSIGNED)
        somebody_else.close()

        since = measures_pb2.ListActivityRequest(contact_id=contact.contact_id, reason="a test")
        kinds = {each.kind for each in notifications.activity.ListActivity(since).activities}
        assert measures_pb2.Activity.KIND_ALERT_CLAIMED in kinds
    errand.close()

    mount()
    file = tmp_path / "report.html"
    done = CliRunner().invoke(app, ["messages", "report", str(file), "--data-dir", str(stack.data_dir)])
    assert done.exit_code == 0, done.output
    assert "back in stock by email" in file.read_text()


def hold(errand: Errand, item_id: str) -> None:
    line = reservations_pb2.ReservationLine(item_id=item_id, location_id="utrecht", quantity=1)
    errand.stock.reservations.CreateReservation(
        reservations_pb2.CreateReservationRequest(request_id=request_id(), lines=[line])
    )


def person(email: str) -> contacts_pb2.UpsertContactRequest:
    address = contacts_pb2.Address(kind=contacts_pb2.Address.KIND_EMAIL, value=email, verified=True)
    identity = contacts_pb2.Identity(system="crm", external_id=email, addresses=[address])
    return contacts_pb2.UpsertContactRequest(request_id=request_id(), identity=identity)
