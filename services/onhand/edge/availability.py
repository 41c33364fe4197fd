"""Availability as JSON: the names of the contract, numbers as numbers, times in RFC 3339."""

from typing import Any

from onhand.api.stock.v1 import availability_pb2
from onhand.edge import problem
from onhand.kit.errors import Internal
from onhand.kit.status import from_status
from onhand.kit.telemetry import trace_id

QUANTITIES = (
    "on_hand",
    "unavailable",
    "reserved",
    "committed",
    "safety_stock",
    "available",
    "in_transit",
)


def cell(availability: availability_pb2.Availability) -> dict[str, Any]:
    members: dict[str, Any] = {
        "item_id": availability.item_id,
        "location_id": availability.location_id,
    }
    if not availability.quantities_hidden:
        members |= {name: getattr(availability, name) for name in QUANTITIES}
    members |= {name: getattr(availability, name) for name in ("confidence", "revision")}
    if availability.stock_state:
        state = availability_pb2.StockState.Name(availability.stock_state)
        members["stock_state"] = state.removeprefix("STOCK_STATE_").lower()
    members["as_of"] = availability.as_of.ToJsonString()
    return members


def line(answered: availability_pb2.AvailabilityLine) -> dict[str, Any]:
    """Return a cell, or its names and the problem that stands in its place."""
    if not answered.HasField("status"):
        return cell(answered.availability)
    error = from_status(answered.status) or Internal(trace_id())
    return {
        "item_id": answered.availability.item_id,
        "location_id": answered.availability.location_id,
        "problem": problem.of(error),
    }


def change(response: availability_pb2.WatchAvailabilityResponse) -> dict[str, Any]:
    return {
        "revision": response.revision,
        "snapshot_complete": response.snapshot_complete,
        "cells": [cell(each) for each in response.cells],
    }
