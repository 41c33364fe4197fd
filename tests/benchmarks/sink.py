"""A mail server that takes everything and writes down what: message id, receiver and subject, a mail a line.

python -m benchmarks.sink PORT FILE
"""

import asyncio
import sys
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path
from typing import Any, TextIO

from aiosmtpd.smtp import SMTP, Envelope

_HEADERS = BytesHeaderParser(policy=default)


class Sink:
    """aiosmtpd's handler."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        head = _HEADERS.parsebytes(envelope.content)
        said = (str(head[each] or "") for each in ("X-Onhand-Message-Id", "To", "Subject"))
        self._file.write("\t".join(said) + "\n")
        self._file.flush()
        return "250 OK"


async def main(port: int, file: Path) -> None:
    with file.open("a") as notes:
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(Sink(notes), enable_SMTPUTF8=True), "127.0.0.1", port
        )
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
