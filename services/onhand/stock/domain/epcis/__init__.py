"""EPCIS 2.0 and CBV 2.0 events: reading, judging, hashing and making them."""
