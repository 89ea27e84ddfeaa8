"""The report in a real browser: it is whole, quiet, loads nothing, and fits a phone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.made.chromium import CHROMIUM, FLAGS
from tests.made.report import params, run_report, write_inputs, write_json

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]
DATASETS = ("sample-mfnet", "a-dataset-with-a-name-longer-than-most", "kaist")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page with everything on it, timings too."""
    root = tmp_path_factory.mktemp("report")
    paths = write_inputs(root, DATASETS, ("probe-hog", "probe-other"))
    wide = {f"{number:02d}": {f"class_{c:02d}": 0.5 for c in range(20)} for number in range(3)}
    write_json(paths["facts"] / "evaluate/probe-other.json", {"iou": wide})
    runs = root / "runs"
    (runs / "pool").mkdir(parents=True)
    record = {"stage": "pool", "fingerprint": "a", "finished": "2030-01-02T03:04:05+00:00"}
    write_json(runs / "pool/1.json", record | {"seconds": 1, "samples": 9, "peak_memory_mib": 99})
    run_report(params(DATASETS, ("probe-hog", "probe-other")), paths, root / "out", runs)
    return root / "out/index.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_whole_and_loads_nothing(
    browser: Any, page_file: Path, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    messages: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_file.as_uri())
    page.wait_for_load_state("networkidle")

    assert messages == []
    assert [url[:40] for url in requests if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in requests if url.startswith("file:")]) == 1
    pictures = "[...document.images].map(image => image.complete && image.naturalWidth > 0)"
    assert page.evaluate(pictures) == [True] * (19 * len(DATASETS) + 14)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    outside = """[...document.querySelectorAll("body *")].filter(element =>
        !element.closest(".scroll, nav") && element.getBoundingClientRect().right > innerWidth + 1
    ).map(element => element.outerHTML.slice(0, 80))"""
    assert page.evaluate(outside) == []
    page.close()


def test_the_contents_lead_to_visible_headings(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(page_file.as_uri())
    titles = page.locator("nav a").all_inner_texts()
    assert titles[:5] == ["Overview", "Datasets", "Registration", "Labels", "Patches: CMSS"]
    for title in titles:
        page.locator("nav").get_by_text(title, exact=True).click()
        heading = page.locator("h2", has_text=title)
        below_contents = page.locator("nav").bounding_box()
        place = heading.bounding_box()
        assert below_contents and place
        assert place["y"] >= below_contents["height"] - 1, f"{title} hides below the contents"
        assert place["y"] < 844, f"{title} is not in view"
    page.close()


def test_left_out_pairs_fold_out(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(page_file.as_uri())
    row = page.get_by_text("raw/near_duplicate/0000").first
    assert not row.is_visible()
    page.get_by_text("The first 5 of 12 pairs").first.click()
    assert row.is_visible()
    page.close()
