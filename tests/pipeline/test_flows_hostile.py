"""The server of `make serve` serves its owner, and nobody else on the machine or the web.

A deployment has steps of its own, so whoever can change one and start it runs commands here.
"""

import functools
import http.server
import json
import re
import shutil
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.made.chromium import CHROMIUM, FLAGS
from tests.made.project import TIMEOUT_S
from tests.made.served import Served, authorization
from tests.pipeline.conftest import Tracked

pytestmark = pytest.mark.slow
needs_browser = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")

Request = tuple[str, str, dict[str, Any]]
OPEN_TO_ALL = {"/health", "/ready"}  # they say true
SOCKETS = (
    "events/in",
    "events/out",
    "logs/out",
    "task_runs/subscriptions/scheduled",
    "work_pools/any/workers/connect",
)
# What a request changes, and its answer. Those with the login show that it does not help.
DISGUISES: dict[str, tuple[dict[str, str], int]] = {
    "no login": ({}, 401),
    "wrong login": ({"Authorization": authorization("admin:pass")}, 401),
    "part of the login": ({"Authorization": "Basic {start}"}, 401),
    "login as a key": ({"Authorization": "Bearer {secret}"}, 401),
    "plain text": ({"Content-Type": "text/plain"}, 401),
    "page": ({"Origin": "http://evil.example", "Authorization": "{login}"}, 403),
    "file": ({"Origin": "null", "Authorization": "{login}"}, 403),
    "form of a neighbour": ({"Origin": "http://127.0.0.1:1", "Content-Type": "text/plain"}, 403),
    "rebound name": ({"Host": "evil.example:{port}", "Authorization": "{login}"}, 403),
    "other name": ({"Host": "localhost:{port}", "Authorization": "{login}"}, 403),
}
HOSTILE_PAGE = """<!doctype html><title>hostile</title><body><iframe name="sink"></iframe><script>
const outcome = promise => promise.then(answer => answer.type, error => error.name)
const json = login => ({"Content-Type": "application/json", Authorization: login})
async function attack(api, login, requests) {
    const outcomes = []
    for (const [method, path, body] of requests) {
        const url = api + path, text = JSON.stringify(body)
        outcomes.push(await outcome(fetch(url, {method, body: text, headers: json(login)})))
        await outcome(fetch(url, {method: "POST", mode: "no-cors", body: text}))
        const form = Object.assign(document.createElement("form"),
            {method: "post", action: url, target: "sink", enctype: "text/plain"})
        form.append(Object.assign(document.createElement("input"), {name: text}))
        document.body.append(form)
        const answered = new Promise(loaded => document.querySelector("iframe").onload = loaded)
        form.submit()
        await answered
    }
    return outcomes
}
function open_socket(url) {
    const socket = new WebSocket(url, "prefect")
    return new Promise(end => {
        socket.onopen = () => end("open")
        socket.onerror = () => end("refused")
    })
}
</script>"""


@pytest.fixture(scope="module")
def served(empty_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests of this file."""
    root = tmp_path_factory.mktemp("served") / "toy"
    shutil.copytree(empty_repository, root)
    stage = {"cmd": "touch ran", "outs": ["ran"]}
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"a": stage}}))
    tracked = Tracked()
    try:
        yield Served(root, tracked)
    finally:
        tracked.end()


@pytest.fixture
def attack(served: Served) -> Iterator[list[Request]]:
    """Requests that would have a command run; afterwards nothing was changed and nothing ran."""
    before = served.deployments()["nightly"]
    marker = served.root / "attacked"
    step = {"prefect.deployments.steps.run_shell_script": {"script": f"touch {marker}"}}
    path = f"/deployments/{before['id']}"
    yield [
        ("PATCH", path, {"pull_steps": [step]}),
        ("POST", f"{path}/create_flow_run", {"state": {"type": "SCHEDULED"}}),
    ]
    after = served.deployments()["nightly"]
    assert (after["pull_steps"], after["updated"]) == (before["pull_steps"], before["updated"])
    assert served.runs(scheduled=False) == []
    assert not marker.exists() and not (served.root / "ran").exists()


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_command_cannot_be_smuggled_in(
    served: Served, attack: list[Request], disguise: str
) -> None:
    login = authorization(served.secret)
    start = authorization(served.secret[:-1]).removeprefix("Basic ")
    words = {"secret": served.secret, "login": login, "start": start, "port": str(served.port)}
    changes, status = DISGUISES[disguise]
    headers = {"Content-Type": "application/json", **changes}
    headers = {name: value.format(**words) for name, value in headers.items()}
    for method, path, body in attack:
        url = f"{served.address}/api{path}"
        answer = httpx.request(method, url, content=json.dumps(body), headers=headers)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"


def test_no_endpoint_answers_without_a_login(served: Served) -> None:
    paths = httpx.get(f"{served.address}/openapi.json").json()["paths"]
    with httpx.Client(base_url=served.address) as client:
        statuses = {
            (method, path): client.request(method, _filled(path)).status_code
            for path, methods in paths.items()
            for method in methods
        }
    assert len(statuses) > 150
    answered = {path for (_, path), status in statuses.items() if status != 401}
    assert answered <= OPEN_TO_ALL


def _filled(path: str) -> str:
    return "/api" + re.sub(r"\{\w+\}", str(uuid.UUID(int=0)), path)


@pytest.mark.parametrize("path", ["/", "/api/health", "/ui-settings", "/api/deployments/filter"])
def test_no_page_of_another_origin_or_name_gets_an_answer(served: Served, path: str) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = httpx.options(f"{served.address}{path}", headers=asked)
    rebound = httpx.get(f"{served.address}{path}", headers={"Host": "evil.example"})
    for answer in (preflight, rebound):
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", SOCKETS)
def test_websockets_open_to_the_login_only(served: Served, path: str) -> None:
    url = f"ws://127.0.0.1:{served.port}/api/{path}"
    prefect = [Subprotocol("prefect")]
    foreign = Origin("http://evil.example")
    for address, origin, protocols in (
        (url, foreign, prefect),
        (url, Origin("null"), prefect),
        (url.replace("127.0.0.1", "localhost"), None, prefect),
        (url, None, None),  # so Prefect's older clients came in without a login
    ):
        with (
            pytest.raises(InvalidStatus, match="403"),
            connect(address, origin=origin, subprotocols=protocols, proxy=None),
        ):
            pass
    for login in ({}, {"token": ""}, {"token": "wrong"}, {"token": served.secret[:-1]}):
        with connect(url, subprotocols=prefect, proxy=None) as socket:
            socket.send(json.dumps({"type": "auth", **login}))
            with pytest.raises(ConnectionClosed, match="1008"):
                socket.recv(60)
    with connect(url, subprotocols=prefect, proxy=None) as socket:
        socket.send(json.dumps({"type": "auth", "token": served.secret}))
        assert json.loads(socket.recv(60)) == {"type": "auth_success"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def hostile_folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text(HOSTILE_PAGE)
    return tmp_path


@pytest.fixture
def hostile_site(hostile_folder: Path) -> Iterator[str]:
    """A page on another port: of the same site, so that cookies would be sent."""
    handler = functools.partial(_Quiet, directory=hostile_folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_port}/index.html"
        site.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@needs_browser
@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_page_of_another_origin_changes_nothing_even_with_the_login(
    served: Served,
    attack: list[Request],
    browser: Any,
    hostile_folder: Path,
    hostile_site: str,
    scheme: str,
) -> None:
    page = browser.new_page()
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(hostile_site if scheme == "http" else (hostile_folder / "index.html").as_uri())
    login = authorization(served.secret)
    call = "([api, login, requests]) => attack(api, login, requests)"
    outcomes = page.evaluate(call, [f"{served.address}/api", login, attack])
    assert outcomes == ["TypeError"] * len(attack)
    statuses = [answer.status for answer in answers if answer.url.startswith(served.address)]
    assert set(statuses) == {403} and len(statuses) >= 2 * len(attack)
    for path in SOCKETS:
        socket = f"ws://127.0.0.1:{served.port}/api/{path}"
        assert page.evaluate("url => open_socket(url)", socket) == "refused"
    # In a frame, our pages would take clicks that were meant for something drawn above them.
    page.evaluate("url => { document.querySelector('iframe').src = url }", served.address)
    page.wait_for_load_state("networkidle")
    assert page.frames[1].url == "chrome-error://chromewebdata/"
    page.close()


@needs_browser
def test_the_pages_ask_for_the_login_and_then_show_the_schedules(
    served: Served, browser: Any
) -> None:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{served.address}/deployments")
    password = page.locator("input[type=password]")
    password.fill(served.secret)
    assert page.get_by_text("nightly").count() == 0
    password.press("Enter")
    for text in ("nightly", "weekly", "At 02:00 AM"):
        page.get_by_text(text).first.wait_for(timeout=1000 * TIMEOUT_S)
    page.close()
