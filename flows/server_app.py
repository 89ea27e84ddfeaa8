"""Prefect's server as a web application that only its own pages and local clients can use.

``prefect server start`` answers whatever name it is called by (so a page whose name is turned to
127.0.0.1 counts as its own), and lets a page of any origin open its websockets. There is no
setting for either, so Prefect's application is wrapped here; uvicorn runs ``create``, as it runs
Prefect's own factory for ``prefect server start --background``.
"""

from prefect.server.api.server import create_app
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose


class OnlyOwnOrigin:
    """Refuses what is addressed to another host or sent by a page of another origin.

    The one right name is the address that the server listens on. ``localhost`` is another: what
    listens there on ::1 may be another user's, and would share its pages' storage.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 (a websocket is closed before it opens), or let the application answer."""

        async def send_unframed(message: Message) -> None:
            # Else a page could show ours invisibly, and have the user's clicks land there.
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = "frame-ancestors 'none'"
            await send(message)

        if scope["type"] == "lifespan" or _is_own(scope):
            await self._app(scope, receive, send_unframed)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            address = "http://{}:{}".format(*scope["server"])
            text = f"This server answers only as {address}, and only to its own pages.\n"
            await PlainTextResponse(text, 403)(scope, receive, send)


def create() -> ASGIApp:
    """Make Prefect's application, with the services and pages that its settings ask for."""
    return OnlyOwnOrigin(create_app(final=True))


def _is_own(scope: Scope) -> bool:
    """Tell whether the host is the address listened on and the origin, if there is one, too."""
    own = "{}:{}".format(*scope["server"]).encode()
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    origins = {value for name, value in scope["headers"] if name == b"origin"}
    return hosts == [own] and origins <= {b"http://" + own}
