"""Protobuf ⇄ domain for the services of notifications."""
