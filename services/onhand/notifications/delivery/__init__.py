"""The means of delivery: each takes an attempt and says what it came to."""
