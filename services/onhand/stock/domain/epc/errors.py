"""Every way in which an EPC can be malformed, as one typed error with a stable reason."""

from enum import StrEnum


class EpcReason(StrEnum):
    """What is wrong. The strings leave the system in API errors: add, never rename."""

    BAD_HEX = "BAD_HEX"
    NOT_GS1_EPC_HEADER = "NOT_GS1_EPC_HEADER"
    UNSUPPORTED_SCHEME = "UNSUPPORTED_SCHEME"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    BAD_PARTITION = "BAD_PARTITION"
    VALUE_OUT_OF_RANGE = "VALUE_OUT_OF_RANGE"
    RESERVED_BITS_NOT_ZERO = "RESERVED_BITS_NOT_ZERO"
    BAD_PADDING = "BAD_PADDING"
    BAD_ENCODING_INDICATOR = "BAD_ENCODING_INDICATOR"
    BAD_CHECK_DIGIT = "BAD_CHECK_DIGIT"
    BAD_CHARACTER = "BAD_CHARACTER"
    UNESCAPED_CHARACTER = "UNESCAPED_CHARACTER"
    BAD_ESCAPE = "BAD_ESCAPE"
    WRONG_FIELD_COUNT = "WRONG_FIELD_COUNT"
    WRONG_FIELD_LENGTH = "WRONG_FIELD_LENGTH"
    LEADING_ZEROS = "LEADING_ZEROS"
    BAD_PREFIX_LENGTH = "BAD_PREFIX_LENGTH"
    BAD_DATE = "BAD_DATE"
    UNKNOWN_URI = "UNKNOWN_URI"
    BAD_DIGITAL_LINK = "BAD_DIGITAL_LINK"
    NO_SERIAL = "NO_SERIAL"
    NO_BINARY_CODING = "NO_BINARY_CODING"
    SCHEME_MISMATCH = "SCHEME_MISMATCH"
    PREFIX_LENGTH_NEEDED = "PREFIX_LENGTH_NEEDED"


class EpcError(ValueError):
    """An EPC, or a GS1 key in it, that the Tag Data Standard does not allow.

    `field` names the part at fault ("serial"), `value` is what was found there and `limit` what
    is allowed; all three are text and stand in the message as well.
    """

    def __init__(
        self,
        reason: EpcReason,
        message: str,
        *,
        field: str = "",
        value: object = "",
        limit: object = "",
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.value = str(value)
        self.limit = str(limit)
