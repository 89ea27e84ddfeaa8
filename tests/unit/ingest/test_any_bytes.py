"""Whatever bytes stand in a list, a table, an annotation or a tar: rows or a line, no more."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.made.hostile.archives import tar
from tests.made.hostile.texts import PERSON, voc
from tests.made.raw_pairs import encoded, scene, write
from twinband.core.errors import BadSample, InputError
from twinband.ingest.dataset import open_files, open_layout
from twinband.ingest.inventory import read_inventory
from twinband.ingest.label_forms.boxes import fitted
from twinband.ingest.label_forms.voc_xml import read_voc
from twinband.ingest.layout import Entry
from twinband.ingest.notes import Notes
from twinband.pool import read_hold_out
from twinband.registration.trust import read_homographies

OPTIONS = {"rgb": "rgb/*.png", "thermal": "thermal/*.png", "split_files": "{split}.txt"}
PARTS = [
    b"good",
    b"name",
    b"hour",
    b",",
    b"\n",
    b"\r",
    b'"',
    b"=",
    b"\0",
    b"\xff",
    b"\xfe",
    b"\x1b",
]
TEXTS = st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(PARTS)).map(b"".join))
bounded = settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A set of one pair, ``good``."""
    rgb, thermal = scene(1)
    write(tmp_path / "rgb/good.png", encoded(rgb, ".png"))
    write(tmp_path / "thermal/good.png", encoded(thermal, ".png"))
    return tmp_path


@bounded
@given(data=TEXTS)
@pytest.mark.parametrize("name", ["test.txt", "attributes.csv"])
def test_of_a_list_or_a_table(root: Path, name: str, data: bytes) -> None:
    (root / name).write_bytes(data)
    try:
        items = list(open_layout("paired_folders", str(root), OPTIONS).scan())
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert "good" in [item.name for item in items if isinstance(item, Entry)]


@bounded
@given(data=TEXTS)
@pytest.mark.parametrize("read", [read_inventory, read_homographies, read_hold_out])
def test_of_a_table_that_params_name(
    tmp_path: Path, read: Callable[[Path], object], data: bytes
) -> None:
    path = tmp_path / "table.csv"
    for head in (b"", b"path,size,sha256\n", b"name,h00,h01,h02,h10,h11,h12,h20,h21,h22\n"):
        path.write_bytes(head + data)
        try:
            read(path)
        except InputError as error:
            assert "\n" not in str(error) and str(path) in str(error)


@bounded
@given(
    places=st.lists(st.integers(0, len(voc(PERSON)) - 1), max_size=4),
    put=st.sampled_from([b"", b"<", b"&", b"\0", b"\xff", b"nan", b"9" * 400, b"<!--", b"]]>"]),
)
def test_of_a_damaged_annotation(places: list[int], put: bytes) -> None:
    data = voc(PERSON).encode()
    for place in places:
        data = data[:place] + put + data[place + 1 :]
    try:
        boxes = fitted(read_voc(data, "a.xml", one_based=False), [(64.0, 48.0)], Notes())
    except BadSample as error:
        assert error.reason == "bad_label" and error.detail.startswith("a.xml: ")
        return
    for box in boxes:
        x1, y1, x2, y2 = box["xyxy"]
        assert -1 <= x1 < x2 < float("inf") and -1 <= y1 < y2 < float("inf")


@bounded
@given(
    flips=st.dictionaries(st.integers(0, len(tar()) - 1), st.integers(0, 255), max_size=12),
    cut=st.integers(0, len(tar())),
    packed=st.booleans(),
)
def test_of_a_damaged_tar(tmp_path: Path, flips: dict[int, int], cut: int, packed: bool) -> None:
    data = bytearray(tar())
    for place, value in flips.items():
        data[place] = value
    whole = bytes(data[: cut or None])
    path = tmp_path / "set.tar"
    path.write_bytes(gzip.compress(whole) if packed else whole)
    try:
        files = open_files(str(path))
        for name in files.paths():
            files.read(name)
    except (InputError, BadSample) as error:
        assert "\n" not in str(error)
