"""The readers of a store, in a TOML file.

[[readers]]
name = "dock-1"
kind = "llrp"
host = "192.168.1.20"
antennas = [1, 2]

[[readers]]
name = "exit-1"
kind = "mqtt-impinj"          # or "mqtt-zebra"
host = "192.168.1.5"          # the broker
topic = "readers/exit-1/events"
"""

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

MAX_READERS = 200
"""Readers of one gateway; protects it: each is a connection and a task."""

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/]+$")]
Port = Annotated[int, Field(ge=1, le=65_535)]
Antenna = Annotated[int, Field(ge=1, le=255)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name
    """As stock's read points call the reader."""
    host: Host


class LlrpEntry(_Entry):
    kind: Literal["llrp"]
    port: Port = 5084
    antennas: Annotated[list[Antenna], Field(max_length=255)] = []
    """Empty: all."""
    session: Annotated[int, Field(ge=0, le=3)] = 1
    """Gen2 session. 1: tags answer again after half a second to five; 2: after two seconds and more."""
    transmit_power_dbm: Annotated[float, Field(ge=0, le=40)] | None = None
    """None: as the reader is set."""


class MqttEntry(_Entry):
    kind: Literal["mqtt-impinj", "mqtt-zebra"]
    topic: Annotated[str, Field(min_length=1, max_length=1_024)]
    """May have the wildcards + and #."""
    port: Port | None = None
    """None: 1883, or 8883 with TLS."""
    use_message_name: bool = False
    """Take the name of the reader from each message where it tells one: for several readers on one topic."""
    tls: bool = False
    ca_file: str | None = None
    """PEM file; None: the system's authorities."""
    username: str | None = None
    password_file: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        levels = self.topic.split("/")
        if "#" in levels[:-1] or any(level not in {"+", "#"} and set(level) & {"+", "#"} for level in levels):
            raise ValueError("topic: + must fill a level, and # the last one (MQTT 3.1.1, section 4.7)")
        if self.ca_file is not None and not self.tls:
            raise ValueError("ca_file is given, but tls is not on")
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file is given, but no username")
        for file in (self.ca_file, self.password_file):
            if file is not None and not Path(file).is_file():
                raise ValueError(f"{file} is not a file")
        return self


Entry = LlrpEntry | MqttEntry


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    readers: Annotated[
        list[Annotated[Entry, Field(discriminator="kind")]], Field(min_length=1, max_length=MAX_READERS)
    ]


@dataclass
class UnusableReadersFileError(Exception):
    """Everything that is wrong with the file, a sentence each."""

    path: Path
    problems: Sequence[str]

    def __str__(self) -> str:
        return "\n".join([f"{self.path} is not usable:", *(f"  {problem}" for problem in self.problems)])


def load(path: Path) -> list[Entry]:
    """Read the file, or raise UnusableReadersFileError with all its mistakes."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnusableReadersFileError(path, [str(error)]) from None
    # Names are compared here and not by the model, which would stop at the first field that is wrong.
    problems = [f"readers: the name {name!r} is used {count} times" for name, count in _repeated(document)]
    try:
        file = _File.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise UnusableReadersFileError(
            path, [*(_problem(each, document) for each in details), *problems]
        ) from None
    if problems:
        raise UnusableReadersFileError(path, problems)
    return file.readers


def _named(document: dict[str, Any]) -> list[Any]:
    entries = document.get("readers")
    return [
        entry.get("name") if isinstance(entry, dict) else None
        for entry in (entries if isinstance(entries, list) else ())
    ]


def _repeated(document: dict[str, Any]) -> list[tuple[str, int]]:
    counts = Counter(name for name in _named(document) if isinstance(name, str))
    return [(name, count) for name, count in counts.items() if count > 1]


def _problem(error: ErrorDetails, document: dict[str, Any]) -> str:
    """Say where as people write it: `readers[0] (dock-1).port: …`."""
    where = list(error["loc"])
    said = str(where[0]) if where else "file"
    if len(where) > 1 and isinstance(where[1], int):
        name = _named(document)[where[1]]
        said += f"[{where[1]}]" + (f" ({name})" if isinstance(name, str) else "")
        # The third part is the kind that told the variants apart.
        said += "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where[3:])
    return f"{said}: {error['msg']}"
