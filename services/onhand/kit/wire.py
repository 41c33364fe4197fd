"""Pieces of protobuf's encoding, for messages that are put together from parts already serialised.

Fields of a message may come in any order (protobuf encoding guide, "Field Order").
"""


def varint(value: int) -> bytes:
    """Encode a number from 0 on ("Base 128 Varints")."""
    encoded = bytearray()
    while value >= 1 << 7:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def number_tag(field_number: int) -> bytes:
    """Return what precedes a number in a message."""
    return varint(field_number << 3)


def message_tag(field_number: int) -> bytes:
    """Return what precedes the length of a message in a message."""
    return varint(field_number << 3 | 2)


def padded_varint(value: int, size: int) -> bytes:
    """Encode a number in exactly `size` bytes: groups of zeros may follow, which every parser takes."""
    encoded = bytearray(value >> 7 * group & 0x7F | 0x80 for group in range(size))
    encoded[-1] &= 0x7F
    return bytes(encoded)
