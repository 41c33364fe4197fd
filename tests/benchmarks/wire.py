"""A gRPC load client that costs little: prepared frames over plain sockets.

h2load repeats one message, which for a call with a request_id measures repeats; and gRPC's own Python
client works as long on a call as the server does, so that it would measure itself. This one sends distinct
messages, prepared before, and of the answers reads just the frames.

Usage: wire.py SPEC.json   (fields of `Spec`; prints the fields of `Result` as JSON)
"""

import base64
import json
import selectors
import socket
import statistics
import struct
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
INITIAL_WINDOW_SIZE = 4
MAX_WINDOW = 2**31 - 1
DEFAULT_WINDOW = 65_535
FRAME_BYTES = 16_384
FRAME_HEADER_BYTES = 9
PREFIX_BYTES = 5
"""Before each gRPC message: whether it is compressed, and its length."""
CREDIT_BYTES = 1 << 24
"""Bytes received before the server is told that it may send as many more."""
DRAIN_S = 20.0
"""How long calls under way at the end of the time get to end."""
SAMPLES = 50
"""Responses handed back, for the harness to look into."""


@dataclass(frozen=True)
class Spec:
    """What to send where. RFC 9113 frames, gRPC's HTTP/2 protocol."""

    host: str
    port: int
    path: str
    """/package.Service/Method."""
    authorization: str
    messages: list[str]
    """A file a connection; or one, from which all take in turn. Each holds length-prefixed messages."""
    connections: int
    streams: int
    """Calls under way on a connection; of a streaming call, unacknowledged messages."""
    seconds: float
    repeat: bool
    """Begin again after the last message; otherwise stop there."""
    streaming: bool
    """One stream a connection that carries all its messages, as against a call a message."""


@dataclass
class Result:
    """What came back."""

    calls: int = 0
    """Calls, or acknowledged messages, that ended well."""
    failed: int = 0
    seconds: float = 0.0
    """From the first call to the end of the last: what is under way when the time is up counts, with the
    time that it takes to end."""
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    samples: list[str] = field(default_factory=list)
    """First response messages, base64."""


class Messages:
    """Length-prefixed messages in turn."""

    def __init__(self, file: Path, *, repeat: bool) -> None:
        data = file.read_bytes()
        self._messages = []
        at = 0
        while at < len(data):
            end = _message_end(data, at)
            self._messages.append(data[at:end])
            at = end
        self._repeat = repeat
        self._next = 0

    def take(self) -> bytes | None:
        if self._next == len(self._messages):
            if not self._repeat:
                return None
            self._next = 0
        self._next += 1
        return self._messages[self._next - 1]


def _message_end(data: bytes | bytearray, at: int = 0) -> int:
    """Return where the length-prefixed message at `at` ends."""
    return at + PREFIX_BYTES + int(struct.unpack_from(">I", data, at + 1)[0])


class Connection:
    """One HTTP/2 connection and the calls under way on it."""

    def __init__(self, spec: Spec, messages: Messages, load: "Load") -> None:
        self._spec, self._messages, self._load = spec, messages, load
        self.socket = socket.create_connection((spec.host, spec.port), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.out = bytearray(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self._in = bytearray()
        self._window, self._initial_window = DEFAULT_WINDOW, DEFAULT_WINDOW
        self._windows: dict[int, int] = {}
        self._waiting: deque[tuple[int, int, bytes]] = deque()
        self._started: dict[int, float] = {}
        self._sent: deque[float] = deque()
        self._answers: dict[int, bytearray] = {}
        self._received = 0
        self._next_stream = 1
        self._first, self._rest = _header_blocks(spec)
        self._frame(SETTINGS, 0, 0, struct.pack(">HIHI", 2, 0, INITIAL_WINDOW_SIZE, MAX_WINDOW))
        self._frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", MAX_WINDOW - DEFAULT_WINDOW))

    @property
    def idle(self) -> bool:
        return not self._started

    @property
    def acknowledged(self) -> bool:
        """Whether every message of a stream was answered."""
        return not self._sent and not self._waiting

    def begin(self) -> None:
        """Put as many calls under way as there may be."""
        if self._spec.streaming:
            self._open()
        for _ in range(self._spec.streams):
            self._send_next()

    def end_stream(self) -> None:
        """Half-close a streaming call: no message follows."""
        if self._started:
            self._waiting.append((1, END_STREAM, b""))
            self._pump()

    def _open(self) -> int:
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        self._frame(HEADERS, END_HEADERS, stream, self._first if stream == 1 else self._rest)
        self._windows[stream] = self._initial_window
        self._started[stream] = time.perf_counter()
        self._answers[stream] = bytearray()
        return stream

    def _send_next(self) -> None:
        message = self._messages.take() if self._load.running else None
        if message is None:
            return
        if self._spec.streaming:
            stream, last = 1, 0
            self._sent.append(time.perf_counter())
        else:
            stream, last = self._open(), END_STREAM
        chunks = [message[at : at + FRAME_BYTES] for at in range(0, len(message), FRAME_BYTES)]
        self._waiting.extend((stream, 0, chunk) for chunk in chunks[:-1])
        self._waiting.append((stream, last, chunks[-1]))
        self._pump()

    def _pump(self) -> None:
        """Send what the server's flow control allows, in order."""
        while self._waiting:
            stream, flags, payload = self._waiting[0]
            if stream not in self._windows:  # the call failed meanwhile
                self._waiting.popleft()
                continue
            if len(payload) > min(self._window, self._windows[stream]):
                return
            self._waiting.popleft()
            self._window -= len(payload)
            self._windows[stream] -= len(payload)
            self._frame(DATA, flags, stream, payload)

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        self.out += struct.pack(">BHBBI", len(payload) >> 16, len(payload) & 0xFFFF, kind, flags, stream)
        self.out += payload

    def write(self) -> None:
        sent = self.socket.send(self.out)
        del self.out[:sent]

    def read(self) -> None:
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._in += data
        at = 0
        while len(self._in) - at >= FRAME_HEADER_BYTES:
            high, low, kind, flags, stream = struct.unpack_from(">BHBBI", self._in, at)
            end = at + FRAME_HEADER_BYTES + (high << 16 | low)
            if len(self._in) < end:
                break
            self._take(kind, flags, stream, bytes(self._in[at + FRAME_HEADER_BYTES : end]))
            at = end
        del self._in[:at]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == DATA:
            self._data(stream, payload)
        elif kind == SETTINGS and not flags & ACK:
            self._settings(payload)
        elif kind == PING and not flags & ACK:
            self._frame(PING, ACK, 0, payload)
        elif kind == WINDOW_UPDATE:
            (more,) = struct.unpack(">I", payload)
            if stream == 0:
                self._window += more
            elif stream in self._windows:
                self._windows[stream] += more
            self._pump()
        elif kind == GOAWAY:
            raise ConnectionError(f"the server said goodbye: {payload[8:]!r}")
        if kind == RST_STREAM or (kind in {HEADERS, DATA} and flags & END_STREAM):
            self._ended(stream)

    def _settings(self, payload: bytes) -> None:
        for name, value in struct.iter_unpack(">HI", payload):
            if name == INITIAL_WINDOW_SIZE:
                for stream in self._windows:
                    self._windows[stream] += value - self._initial_window
                self._initial_window = value
        self._frame(SETTINGS, ACK, 0, b"")
        self._pump()

    def _data(self, stream: int, payload: bytes) -> None:
        self._received += len(payload)
        if self._received >= CREDIT_BYTES:
            self._frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", self._received))
            self._received = 0
        answer = self._answers[stream]
        answer += payload
        if self._spec.streaming:
            while len(answer) >= PREFIX_BYTES and len(answer) >= (end := _message_end(answer)):
                self._load.count(self._sent.popleft(), answer[PREFIX_BYTES:end])
                del answer[:end]
                self._send_next()

    def _ended(self, stream: int) -> None:
        """A call ended: well if it brought a message, which failures do not."""
        started = self._started.pop(stream)
        del self._windows[stream]
        answer = self._answers.pop(stream)
        if self._spec.streaming:
            self._load.result.failed += len(self._sent)
        elif answer:
            self._load.count(started, answer[PREFIX_BYTES:])
            self._send_next()
        else:
            self._load.result.failed += 1
            self._send_next()


class Load:
    """All connections, until the time is up or the messages are."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self.result = Result()
        self.running = True
        self._latencies: list[float] = []
        self._deadline = 0.0
        self._last = 0.0

    def count(self, started: float, response: bytearray) -> None:
        self._last = time.perf_counter()
        self.result.calls += 1
        self._latencies.append(self._last - started)
        if len(self.result.samples) < SAMPLES:
            self.result.samples.append(base64.b64encode(response).decode())

    def run(self) -> Result:
        spec = self._spec
        sources = [Messages(Path(file), repeat=spec.repeat) for file in spec.messages]
        connections = [Connection(spec, sources[n % len(sources)], self) for n in range(spec.connections)]
        selector = selectors.DefaultSelector()
        for each in connections:
            selector.register(each.socket, selectors.EVENT_READ, each)
        begun = time.perf_counter()
        self._deadline = begun + spec.seconds
        for each in connections:
            each.begin()
        while not all(each.idle for each in connections):
            self._watch_time(connections)
            _exchange(selector, connections)
        self.result.seconds = max(self._last - begun, 1e-9)
        if len(self._latencies) > 1:
            cuts = statistics.quantiles(self._latencies, n=100)
            self.result.p50_ms, self.result.p99_ms = cuts[49] * 1e3, cuts[98] * 1e3
        return self.result

    def _watch_time(self, connections: list[Connection]) -> None:
        """Begin no more when the time is up; a stream ends also when all that it had is acknowledged."""
        now = time.perf_counter()
        if now > self._deadline + DRAIN_S:
            raise TimeoutError("calls under way did not end")
        over = now > self._deadline
        if self._spec.streaming and not over:
            over = all(each.acknowledged for each in connections)
        if over and self.running:
            self.running = False
            if self._spec.streaming:
                for each in connections:
                    each.end_stream()


def _exchange(selector: selectors.BaseSelector, connections: list[Connection]) -> None:
    """Send and receive what the sockets take and have."""
    for each in connections:
        if each.out:
            try:
                each.write()
            except BlockingIOError:
                selector.modify(each.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, each)
    for key, events in selector.select(timeout=0.05):
        if events & selectors.EVENT_WRITE:
            selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
        if events & selectors.EVENT_READ:
            key.data.read()


def _header_blocks(spec: Spec) -> tuple[bytes, bytes]:
    """HPACK (RFC 7541): the first block puts its fields in the table, later ones point there.

    That is what gRPC's clients do too; the token would otherwise be sent and decoded with each call.
    """
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", spec.path),
        (":authority", f"{spec.host}:{spec.port}"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("authorization", spec.authorization),
    ]
    first = b"".join(b"\x40" + _text(name) + _text(value) for name, value in fields)
    # The table's first index is 62, and the field added last has it.
    rest = bytes(0x80 | (62 + len(fields) - 1 - position) for position in range(len(fields)))
    return first, rest


def _text(value: str) -> bytes:
    """Encode a string literal without Huffman: a 7-bit-prefixed length, then the octets."""
    data = value.encode()
    if len(data) < 0x7F:
        return bytes([len(data)]) + data
    length, rest = bytearray([0x7F]), len(data) - 0x7F
    while rest > 0x7F:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    length.append(rest)
    return bytes(length) + data


if __name__ == "__main__":
    json.dump(asdict(Load(Spec(**json.loads(Path(sys.argv[1]).read_text()))).run()), sys.stdout)
