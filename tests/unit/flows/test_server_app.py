"""Own host and own origin alone are answered, for requests and websockets alike."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from flows.server_app import OnlyOwnOrigin

OWN = "127.0.0.1:4200"
FOREIGN = [
    [("Host", "evil.example:4200")],
    [("Host", "localhost:4200")],
    [("Host", "127.0.0.1")],
    [("Host", "127.0.0.1:4201")],
    [("Host", "")],
    [("Host", OWN), ("Host", "evil.example")],
    [("Host", OWN), ("Origin", "http://evil.example")],
    [("Host", OWN), ("Origin", "http://127.0.0.1:4201")],
    [("Host", OWN), ("Origin", f"https://{OWN}")],
    [("Host", OWN), ("Origin", "null")],
    [("Host", OWN), ("Origin", "")],
    [("Host", OWN), ("Origin", f"http://{OWN}"), ("Origin", "http://evil.example")],
]
OURS = [[("Host", OWN)], [("Host", OWN), ("Origin", f"http://{OWN}")]]


async def _page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("page")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("open")
    await socket.close()


@pytest.fixture
def client() -> TestClient:
    routes = [Route("/", _page, methods=["GET", "POST", "OPTIONS"]), WebSocketRoute("/ws", _socket)]
    return TestClient(OnlyOwnOrigin(Starlette(routes=routes)), base_url=f"http://{OWN}")


@pytest.mark.parametrize("headers", OURS)
def test_own_requests_are_answered_but_never_in_a_frame(
    client: TestClient, headers: list[tuple[str, str]]
) -> None:
    answer = client.get("/", headers=headers)
    assert answer.text == "page"
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    with client.websocket_connect(f"ws://{OWN}/ws", headers=dict(headers)) as socket:
        assert socket.receive_text() == "open"


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_foreign_requests_are_refused(
    client: TestClient, method: str, headers: list[tuple[str, str]]
) -> None:
    answer = client.request(method, "/", headers=headers)
    assert answer.status_code == 403
    assert answer.text.startswith(f"This server answers only as http://{OWN}")
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("headers", [case for case in FOREIGN if len(dict(case)) == len(case)])
def test_foreign_websockets_never_open(client: TestClient, headers: list[tuple[str, str]]) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(f"ws://{OWN}/ws", headers=dict(headers)),
    ):
        pass
