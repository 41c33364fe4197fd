"""The decoded EPC and the forms it can be written in."""

from dataclasses import dataclass
from urllib.parse import quote

from onhand.stock.domain.epc.charsets import escape
from onhand.stock.domain.epc.codings import CODINGS, Coding
from onhand.stock.domain.epc.families import FAMILIES, Family

DIGITAL_LINK_ORIGIN = "https://id.gs1.org"

# An extension of "0" stands for a GLN without one: it is in the EPC and left out of the element
# string and of the Digital Link (TDS 2.3 §6.3.3, §7.5). Several libraries print "(254)0".
NO_EXTENSION = "0"


@dataclass(frozen=True, slots=True)
class Epc:
    """One EPC, in no particular form. Made by `decode_hex`, `decode_binary`, `parse`, `encode`.

    `scheme` is a binary coding ("SGTIN-96", "SGTIN+") or, where nothing has chosen one yet, as in
    a pure identity URI or a Digital Link, the family alone ("SGTIN").

    `values` are the GS1 key with its check digit and, in families that have one, the serial; in
    families without a GS1 key (GID, USDOD, ADI, BIC, IMOVN) the components of the URI.

    `prefix_length` is the number of digits of the company prefix, None where the form does not
    tell it ("+" codings, Digital Links). `filter` is None in forms and codings without one.
    `date` is the Application Identifier and the YYMMDD of a DSGTIN+ tag or a Digital Link.
    """

    scheme: str
    values: tuple[str, ...]
    prefix_length: int | None = None
    filter: int | None = None
    date: tuple[str, str] | None = None

    @property
    def coding(self) -> Coding | None:
        """The binary coding, once there is one."""
        return CODINGS.get(self.scheme)

    @property
    def family(self) -> Family:
        """The scheme as an identity: an SGTIN-96 and an SGTIN+ are both an SGTIN."""
        coding = self.coding
        return coding.family if coding else FAMILIES[self.scheme]

    @property
    def gs1_key(self) -> str | None:
        """GTIN-14, SSCC-18, GLN-13, ... with its check digit; None without a GS1 key."""
        return self.values[0] if self.family.key else None

    @property
    def serial(self) -> str | None:
        """What tells one from the other under the same key: serial, extension, lot; else None."""
        return self.values[-1] if len(self.values) > 1 else None

    @property
    def company_prefix(self) -> str | None:
        """The GS1 company prefix, where its length is known."""
        components = self._components()
        return components[0] if components and self.family.key else None

    @property
    def pure_identity_uri(self) -> str | None:
        """`urn:epc:id:...` (`urn:epc:class:...` for a lot), None without prefix length."""
        components = self._components()
        return self.family.urn + _dotted(components) if components else None

    @property
    def tag_uri(self) -> str | None:
        """`urn:epc:tag:...`; None for a "+" coding (TDS 2.3 §14) and where there is no coding."""
        coding, components = self.coding, self._components()
        if not (coding and coding.tag_uri_name and components):
            return None
        first = () if self.filter is None else (str(self.filter),)
        return f"urn:epc:tag:{coding.tag_uri_name}:{_dotted((*first, *components))}"

    @property
    def digital_link(self) -> str | None:
        """The canonical GS1 Digital Link URI; None in a family without a GS1 key."""
        elements = self._elements()
        if not elements:
            return None
        path = "".join(f"/{ai}/{quote(value, safe='')}" for ai, value in elements)
        query = f"?{self.date[0]}={self.date[1]}" if self.date else ""
        return DIGITAL_LINK_ORIGIN + path + query

    @property
    def element_string(self) -> str | None:
        """The GS1 element string, "(01)...(21)..."; None in a family without a GS1 key."""
        return "".join(f"({ai}){value}" for ai, value in self._elements()) or None

    def _components(self) -> tuple[str, ...] | None:
        if self.family.key and self.prefix_length is None:
            return None
        return self.family.cut(self.values, self.prefix_length)

    def _elements(self) -> tuple[tuple[str, str], ...]:
        family, key = self.family, self.family.key
        if not key:
            return ()
        value = key.element_prefix + self.values[0]
        if not self.serial:
            return ((key.ai, value),)
        if not family.serial_ai:
            return ((key.ai, value + self.serial),)
        if family.name == "SGLN" and self.serial == NO_EXTENSION:
            return ((key.ai, value),)
        return ((key.ai, value), (family.serial_ai, self.serial))


def _dotted(components: tuple[str, ...]) -> str:
    return ".".join(map(escape, components))
