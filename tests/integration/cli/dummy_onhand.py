"""Stands in for `python -m onhand`: takes `serve SERVICE` and `migrate SERVICE`.

DUMMY_STUBBORN names a service that ignores SIGTERM, DUMMY_BROKEN one whose migration fails.
"""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc


def migrate(service: str) -> None:
    assert os.environ["ONHAND_DATABASE_URL"].endswith(f"/onhand_{service}")
    if service == os.environ.get("DUMMY_BROKEN"):
        sys.exit("column colour does not exist")


def serve(service: str) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        if service != os.environ.get("DUMMY_STUBBORN"):
            os.write(1, f"{service} stops\n".encode())
            os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    os.write(1, f"{service} serves\n".encode())
    if service == "edge":
        serve_http()
    else:
        serve_grpc()


def serve_http() -> None:
    class Healthz(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

    host, port = os.environ["ONHAND_LISTEN"].split(":")
    ThreadingHTTPServer((host, int(port)), Healthz).serve_forever()


def serve_grpc() -> None:
    server = grpc.server(ThreadPoolExecutor(2))
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(os.environ["ONHAND_LISTEN"])
    server.start()
    while True:
        signal.pause()


if __name__ == "__main__":
    {"serve": serve, "migrate": migrate}[sys.argv[1]](sys.argv[2])
