"""What readers send, in their own formats, made into one neutral observation.

Each module turns a body into elements in the order of the message: an observation, an error that says
why this element is refused, or None for an event that is no sight of a tag (heartbeats, Bluetooth).
"""

from dataclasses import dataclass

from onhand.kit.errors import OnhandError


@dataclass(frozen=True, slots=True)
class Observation:
    """One antenna saw one tag."""

    reader_id: str
    """As the message names its reader; empty when it does not."""
    epc: bytes
    antenna: int
    """From 1; 0 when the reader does not tell."""
    read_time_ns: int
    """Since 1970."""
    rssi_cdbm: int
    """Hundredths of dBm; 0 when the reader does not tell."""


Element = Observation | OnhandError | None
