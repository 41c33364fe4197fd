"""Pages, their headers, and the document that describes the edge."""

import json
import re
from typing import Any

import httpx
import pytest

from onhand.edge.app import OPENAPI

METHODS = {"get", "post"}


@pytest.mark.parametrize(
    "path", ["/", "/store", "/operations", "/static/store.js", "/static/style.css", "/healthz", "/nothing"]
)
async def test_every_answer_has_the_security_headers(path: str, edge: httpx.AsyncClient) -> None:
    headers = (await edge.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in {"no-referrer", "same-origin"}
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers


@pytest.mark.parametrize("path", ["/", "/store", "/operations"])
async def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(
    path: str, edge: httpx.AsyncClient
) -> None:
    response = await edge.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    for target in re.findall(r'(?:src|href)="([^"]*)"', response.text):
        assert target.startswith("/"), target
        assert (await edge.get(target)).status_code in {200, 503}, target
    assert not re.search(r"<style|<script(?![^>]*src=)|\son\w+=|style=", response.text)


async def test_the_overview_says_how_each_service_is(edge: httpx.AsyncClient) -> None:
    text = (await edge.get("/")).text
    assert re.search(r'good">serving</span>\s*<strong>stock', text)
    assert re.search(r'bad">unavailable</span>\s*<strong>routing', text)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/store/", 404),
        ("GET", "//evil.example/", 404),
        ("GET", "/ingest/zebra", 405),
        ("POST", "/", 405),
        ("HEAD", "/v1/availability/watch", 401),
        ("GET", "/static/../main.py", 404),
        ("GET", "/static/%2e%2e/main.py", 404),
        ("GET", "/static/..%2f..%2fkit/auth.py", 404),
    ],
)
async def test_what_is_not_there_is_a_problem(method: str, path: str, status: int, shared_edge: Any) -> None:
    async with shared_edge.client() as client:
        request = client.build_request(method, shared_edge.url)
        request.url = request.url.copy_with(raw_path=path.encode())
        response = await client.send(request)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    if method != "HEAD":
        assert response.json()["status"] == status


async def test_headers_over_the_limit_are_refused(edge: httpx.AsyncClient) -> None:
    response = await edge.get("/healthz", headers={"X-Long": "x" * 40_000})
    assert response.status_code in {400, 431}


async def test_the_description_has_every_route_and_no_other(edge: httpx.AsyncClient) -> None:
    document: dict[str, Any] = (await edge.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method in METHODS & set(operations):
            response = await edge.request(method, path.replace("{item_id}", "a"))
            assert response.status_code not in {404, 405}, (method, path)
            assert str(response.status_code) in operations[method]["responses"], (method, path)
            expected = 401 if operations[method]["security"] else 200
            assert response.status_code == expected, (method, path)


async def test_the_description_refers_only_to_what_it_has() -> None:
    document = json.loads(OPENAPI.read_text())
    for reference in re.findall(r'"#/([^"]+)"', OPENAPI.read_text()):
        node = document
        for part in reference.split("/"):
            node = node[part]
