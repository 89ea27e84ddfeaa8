"""The protocol of a dataset, as evaluations name it."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made.raw_pairs import ingest_folder, write_pair
from twinband.core.errors import InputError
from twinband.evaluation.protocol import FILE, dataset_protocol


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("protocol")
    for number in range(3):
        write_pair(base / "raw", f"{number}", number)
    ingest_folder(base / "raw", base)
    return base / "pairs"


def test_it_names_what_ingest_wrote(pairs: Path) -> None:
    stored = json.loads((pairs / FILE).read_bytes())
    named = dataset_protocol(pairs)
    assert named["dataset"] == "pairs" and named["fingerprint"] == stored["fingerprint"]
    assert named["split_source"] == "drawn by ingest" and "release" not in named


def test_without_one_it_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"protocol.json cannot be read"):
        dataset_protocol(tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_one_is_never_believed(pairs: Path, data: st.DataObject) -> None:
    whole = (pairs / FILE).read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[place]))
    before = json.loads(whole)
    damaged = pairs.with_name("damaged")
    damaged.mkdir(exist_ok=True)
    (damaged / FILE).write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
    try:
        found = dataset_protocol(damaged)
    except InputError:
        return
    assert {**found, "dataset": "pairs"} == dataset_protocol(pairs)
    assert json.loads((damaged / FILE).read_bytes()).keys() == before.keys()
