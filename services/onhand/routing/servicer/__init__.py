"""Protobuf ⇄ domain, nothing else."""

from onhand.routing.servicer.orders import OrderServicer
from onhand.routing.servicer.policies import PolicyServicer
from onhand.routing.servicer.quotes import NetworkServicer, QuoteServicer
from onhand.routing.servicer.reports import ReportServicer

__all__ = ["NetworkServicer", "OrderServicer", "PolicyServicer", "QuoteServicer", "ReportServicer"]
