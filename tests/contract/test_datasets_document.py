"""docs/datasets.md is what ``twinband datasets --markdown`` prints."""

from tests.contract.conftest import ROOT
from twinband.commands._datasets_page import markdown


def test_the_document_is_up_to_date() -> None:
    shown = (ROOT / "docs/datasets.md").read_text()
    assert shown == markdown(), "run: twinband datasets --markdown > docs/datasets.md"
