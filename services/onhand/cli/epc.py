"""`onhand epc`: what is on a tag, and what to write on one, a line at a time."""

import json
import sys
from collections.abc import Callable, Iterable
from io import TextIOWrapper
from typing import Annotated

import typer

from onhand.stock.domain.epc import CODINGS, Epc, EpcError, encode, parse, to_hex

app = typer.Typer(
    no_args_is_help=True,
    help="Decode and encode EPCs: hex, tag URIs, pure identity URIs, GS1 Digital Links.",
)

_Answer = dict[str, str | int | None]
_Values = Annotated[
    list[str] | None,
    typer.Argument(help="EPCs in any form; without any, one a line from standard input."),
]


@app.command("decode")
def decode_command(values: _Values = None) -> None:
    """Print what each EPC says, one JSON object a line.

    The keys are input, scheme, tag_uri, pure_identity_uri, digital_link, gs1_key, serial, filter
    and error, null where they do not apply. An error begins with its reason in capitals.
    The exit code is 1 if any line failed.

    onhand epc decode 3074257BF7194E4000001A85

    onhand epc decode < tags.txt | jq -r .gs1_key
    """
    _run(values, parse, _told)


@app.command("encode")
def encode_command(
    values: _Values = None,
    scheme: Annotated[
        str | None,
        typer.Option(
            help="Binary coding: " + ", ".join(CODINGS) + ". Default: a tag URI keeps its own; "
            "otherwise the shortest that fits, 96 bits first; a Digital Link without "
            "--prefix-length gets the '+' coding.",
        ),
    ] = None,
    filter_value: Annotated[
        int | None,
        typer.Option(
            "--filter",
            min=0,
            max=63,
            help="Filter value; for an SGTIN 1 is an item for the point of sale, 2 a full case. "
            "Default: the one in the input, else 0, all others.",
        ),
    ] = None,
    prefix_length: Annotated[
        int | None,
        typer.Option(
            min=6,
            max=12,
            help="Digits of the GS1 company prefix, for Digital Links and '+' tags: these do not "
            "tell it and the codings before TDS 2.0 need it. URIs that tell it keep theirs.",
        ),
    ] = None,
) -> None:
    """Print each EPC as `decode` does, with one more key: hex, what to write to a tag.

    The exit code is 1 if any line failed.

    onhand epc encode --filter 1 urn:epc:id:sgtin:0614141.812345.6789

    onhand epc encode --prefix-length 7 https://id.gs1.org/01/80614141123458/21/6789
    """

    def read(text: str) -> Epc:
        epc = parse(text)
        missing = prefix_length if epc.prefix_length is None else None
        return encode(epc, scheme, filter_value=filter_value, prefix_length=missing)

    _run(values, read, lambda epc: _told(epc) | {"hex": to_hex(epc) if epc and epc.coding else None})


def _run(values: list[str] | None, read: Callable[[str], Epc], tell: Callable[[Epc | None], _Answer]) -> None:
    # A line that is no text is a bad line, not the end of the others.
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    lines: Iterable[str] = values or (line.strip() for line in sys.stdin)
    failed = False
    for line in filter(None, lines):
        try:
            answer = {"input": line, **tell(read(line))}
        except EpcError as problem:
            failed = True
            answer = {"input": line, **tell(None), "error": f"{problem.reason}: {problem.message}"}
        # Flushed: at the end of a pipe from a reader, a line counts when it comes.
        print(json.dumps(answer), flush=True)
    if failed:
        raise typer.Exit(1)


def _told(epc: Epc | None) -> _Answer:
    return {
        "scheme": epc.scheme if epc else None,
        "tag_uri": epc.tag_uri if epc else None,
        "pure_identity_uri": epc.pure_identity_uri if epc else None,
        "digital_link": epc.digital_link if epc else None,
        "gs1_key": epc.gs1_key if epc else None,
        "serial": epc.serial if epc else None,
        "filter": epc.filter if epc else None,
        "error": None,
    }
