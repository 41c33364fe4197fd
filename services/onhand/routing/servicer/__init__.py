"""Protobuf ⇄ domain, nothing else."""

from onhand.routing.servicer.orders import OrderServicer
from onhand.routing.servicer.policies import PolicyServicer

__all__ = ["OrderServicer", "PolicyServicer"]
