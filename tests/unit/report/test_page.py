"""The page as text; tests/pipeline/test_report_browser.py looks at it in a browser."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from tests.made.report import (
    params,
    run_report,
    write_cmss,
    write_dataset,
    write_evaluation,
    write_inputs,
    write_json,
    write_labels,
    write_left_out,
    write_mixture,
    write_registration,
)
from twinband.core.errors import InputError

HOSTILE = '<script>alert(\'x\')</script>" onerror="alert(1)" {{ 7 * 7 }} & ä'
# Without "/", since the names of datasets and evaluations are names of files too.
HOSTILE_NAME = "<img src=x onerror=alert(1)>\" ' {{ 7 * 7 }} & ä"


class Page(HTMLParser):
    """Elements (name, attributes), texts, and whether every tag is closed where it should be."""

    VOID = frozenset({"br", "img", "link", "meta"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def make(
    root: Path, datasets: tuple[str, ...], evaluations: tuple[str, ...] = (), quarantined: int = 5
) -> str:
    paths = write_inputs(root, datasets, evaluations)
    return run_report(params(datasets, evaluations, quarantined), paths, root / "out")


def test_equal_inputs_give_equal_bytes_wherever_they_are(tmp_path: Path) -> None:
    pages = [make(tmp_path / name, ("kaist", "llvip"), ("probe-hog",)) for name in ("one", "two")]
    assert pages[0] == pages[1]
    assert str(tmp_path) not in pages[0]


def test_other_inputs_give_other_bytes(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist",))
    before = run_report(params(("kaist",)), paths, tmp_path / "before")
    rows = [("k", "n", "quarantined", "undecodable", "a detail of its own")]
    write_left_out(paths, "kaist", rows)
    after = run_report(params(("kaist",)), paths, tmp_path / "after")
    assert "a detail of its own" in after and "a detail of its own" not in before


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ())
    write_dataset(paths, HOSTILE_NAME, 120, 0)
    write_registration(paths, HOSTILE_NAME, 120)
    write_cmss(paths, HOSTILE_NAME, 120)
    write_labels(paths, HOSTILE_NAME, 120, with_truth=True)
    write_left_out(paths, HOSTILE_NAME, [(HOSTILE,) * 5])
    write_evaluation(paths, HOSTILE_NAME, {HOSTILE: {"a": {HOSTILE: HOSTILE}}, "x": HOSTILE})
    pool = {"pairs": 1, "left_out": 1, "reasons": {HOSTILE: 1}, "datasets": {HOSTILE_NAME: 1}}
    write_json(paths["facts"] / "pool.json", {**pool, "product": HOSTILE})
    runs = tmp_path / "runs"
    (runs / "x").mkdir(parents=True)
    record = {"stage": HOSTILE, "fingerprint": "", "finished": HOSTILE, "seconds": 1.0}
    write_json(runs / "x/1.json", {**record, "samples": 0, "peak_memory_mib": 1})
    titled = params((HOSTILE_NAME,), (HOSTILE_NAME,)).model_copy(update={"title": HOSTILE})
    page = Page(run_report(titled, paths, tmp_path / "out", runs))
    assert not page.open, "an element is not closed"
    assert not page.all("script")
    assert not [attributes for _, attributes in page.elements if "onerror" in attributes]
    assert all(image["src"].startswith("data:image/") for image in page.all("img"))
    assert page.text.count(HOSTILE) >= 10 and page.text.count(HOSTILE_NAME) >= 4
    assert "49 & ä" not in page.text, "a name was run as a template"


def test_links_lead_to_anchors_and_headings_descend_by_one(tmp_path: Path) -> None:
    page = Page(make(tmp_path, ("kaist", "llvip v2"), ("probe-hog",)))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    links = [attributes["href"].removeprefix("#") for attributes in page.all("a")]
    assert len(set(ids)) == len(ids) and set(links) <= set(ids)
    assert {"overview", "datasets", "evaluations", "versions"} <= set(links)
    assert {"dataset-kaist", "dataset-llvip.20.v2", "evaluation-probe-hog"} <= set(links)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_picture_has_a_text_and_every_head_a_scope(tmp_path: Path) -> None:
    page = Page(make(tmp_path, ("kaist",), ("probe-hog",)))
    # A sheet, two distributions and three pairs of the dataset; six pictures of labels of two
    # hours and a legend; two pooled distributions;
    # losses and reconstructions of two models; two of fusion; two of the evaluation.
    assert len(page.all("img")) == 6 + 2 * 6 + 1 + 2 + 2 * 3 + 2 + 2
    assert all(image["alt"] for image in page.all("img"))
    heads = page.all("th")
    assert heads and {head["scope"] for head in heads} == {"row", "col", "colgroup", "rowgroup"}


def test_registration_tells_what_was_found_and_draws_it(tmp_path: Path) -> None:
    page = Page(make(tmp_path, ("kaist", "llvip"), ()))
    text = re.sub(r"\s+", " ", page.text)
    assert "kaist 120 111 4 5 0.12 0.31 4.2 9.0 0.5 1.8 8.5 2.8" in text
    assert "120 pairs on the rgb grid, 111 resampled onto it" in text
    assert "Reasons: low score 5, motion below threshold 4" in text
    drawn = [image["alt"] for image in page.all("img") if "kaist: checkerboard" in image["alt"]]
    assert [alt.split()[0] for alt in drawn] == ["best", "typical", "failed"]


def test_pretraining_shows_how_it_began_and_ended(tmp_path: Path) -> None:
    page = Page(make(tmp_path, (), ()))
    text = re.sub(r"\s+", " ", page.text)
    assert "mspecgene 261 40 1.250 0.750 1.250 0.750 1.2 0.8 1.2 0.8 1.25 0.75" in text
    drawn = [image["alt"] for image in page.all("img") if "mspecgene, step" in image["alt"]]
    assert [alt[-6:] for alt in drawn] == ["000010", "000040"]


def test_experiments_show_means_spread_and_what_could_be_seen(tmp_path: Path) -> None:
    text = re.sub(r"\s+", " ", Page(make(tmp_path, (), ())).text)
    assert "Which masks are best; 3 seeds an arm" in text
    assert "arm knn linear random older 0.600 ± 0.100 0.250 ± 0.000 chosen older 0.800" in text
    # Pooled deviation sqrt(0.02 / 4); (2.7764 + 0.9410) with 4 degrees of freedom; sqrt(2 / 3).
    assert "smallest difference seen 0.215 0.000" in text


def test_speed_is_shown_as_it_was_measured(tmp_path: Path) -> None:
    text = re.sub(r"\s+", " ", Page(make(tmp_path, (), ())).text)
    assert "some-cpu-2cores" in text and "pairs a second plain 100.5 ours 250.25" in text


@pytest.mark.parametrize("text", ["", "a,b\n1\n", "\udcff".encode("utf-8", "surrogateescape")])
def test_a_damaged_result_of_a_benchmark_is_named(tmp_path: Path, text: str | bytes) -> None:
    paths = write_inputs(tmp_path, ())
    path = paths["benches"] / "loader-some-cpu-2cores.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=r"loader-some-cpu-2cores\.csv"):
        run_report(params(()), paths, tmp_path / "out")
    path.unlink()
    with pytest.raises(InputError, match=r"no result of loader: .*bench_loader"):
        run_report(params(()), paths, tmp_path / "out")


def test_a_set_without_results_says_how_to_make_them(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ())
    (paths["experiments"] / "results/masks.csv").unlink()
    with pytest.raises(InputError, match=r"python -m flows.compare .*masks.yaml"):
        run_report(params(()), paths, tmp_path / "out")


def test_cmss_is_told_in_words(tmp_path: Path) -> None:
    text = re.sub(r"\s+", " ", Page(make(tmp_path, ("kaist",), ())).text)
    assert "chooses 5 components, not 3" in text
    assert "lowest for day (2.25) and highest for night (3.50)" in text
    assert "40.0 % of object pixels and 10.0 % of the background" in text


def test_the_overview_sums_up(tmp_path: Path) -> None:
    page = Page(make(tmp_path, ("kaist", "llvip"), ("probe-hog",)))
    text = re.sub(r"[ \n]+", " ", page.text)
    assert "pairs 1\u202f451 2 datasets" in text  # 120 + 1331
    assert "left out 24 1.6\u202f% of 1\u202f475 found" in text
    assert "to pretrain on 180 from 2 datasets, 30 taken out" in text
    assert "near duplicate 6 kaist 3, llvip 3" in text
    assert "test split 24 evaluated on" in text
    assert "probe-hog linear both 0.902 linear rgb 0.812 linear thermal 0.854" in text


def test_the_protocol_of_each_dataset_is_told(tmp_path: Path) -> None:
    text = re.sub(r"\s+", " ", Page(make(tmp_path, ("kaist",), ())).text)
    assert "Protocol f00000000000" in text
    assert "lists (test.txt, train.txt)" in text and "test.txt 2222222222222222" in text
    assert "improved (Liu et al., 2016)" in text
    assert "other counts than Made-up pairs 95328" in text


def test_no_more_left_out_pairs_are_listed_than_asked_for(tmp_path: Path) -> None:
    for asked, summary in ((0, ""), (2, "The first 2 of 12 pairs"), (12, "All 12 pairs")):
        html = make(tmp_path / str(asked), ("kaist",), (), asked)
        listed = re.findall(r"raw/\w+/\d{4}", html)
        assert len(listed) == asked
        assert summary in html
        assert ("data/left_out/kaist.csv" in html) == (asked == 2)


def test_a_page_without_evaluations_or_left_out_pairs_says_so(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ())
    text = Page(run_report(params(()), paths, tmp_path / "out")).text
    assert "No dataset in this profile." in text
    assert "No evaluation in this profile." in text
    assert "every pair found was usable" in text


def test_items_that_params_do_not_name_are_not_read(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist", "stale"), ("probe-hog", "stale-probe"))
    (paths["facts"] / "ingest/stale.json").write_text("spoilt")
    (paths["metrics"] / "evaluate/stale-probe.json").unlink()
    write_mixture(paths, ("kaist",))
    assert "stale" not in run_report(params(("kaist",), ("probe-hog",)), paths, tmp_path / "out")
    assert "stale" not in (tmp_path / "out/summary.json").read_text()


def test_an_item_that_params_name_must_be_there(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist",))
    with pytest.raises(InputError, match="dvc repro ingest@llvip"):
        run_report(params(("kaist", "llvip")), paths, tmp_path / "out")
    assert not (tmp_path / "out").exists()
