"""Protobuf ⇄ domain, nothing else."""

from onhand.routing.servicer.orders import OrderServicer
from onhand.routing.servicer.policies import PolicyServicer
from onhand.routing.servicer.quotes import NetworkServicer, QuoteServicer

__all__ = ["NetworkServicer", "OrderServicer", "PolicyServicer", "QuoteServicer"]
