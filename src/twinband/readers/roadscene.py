"""Reader of RoadScene (U2Fusion, 2020): aligned pairs of street scenes, no labels or splits."""

from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.layout import IMAGE_SUFFIXES, folder_stem_suffix

FIELDS = {"crop_LR_visible": "rgb", "cropinfrared": "thermal"}
FOLDERS = {field: folder for folder, field in FIELDS.items()}


class Layout(ByName):
    """``crop_LR_visible`` has the size of ``cropinfrared``; the other folders are left alone."""

    expects = "crop_LR_visible/NAME.jpg with cropinfrared/NAME.jpg"
    about = About(
        title="RoadScene (Xu et al., U2Fusion, TPAMI 2020)",
        task="fusion",
        releases={"RoadScene": Release(221)},
        images="about 486x266, 8-bit, cut from FLIR's videos, aligned to 1 or 2 px",
        labels="none",
        splits="none",
        terms="research only; FLIR's terms hold for the images",
        source="https://github.com/hanna-xu/RoadScene",
        defects=("a stray Thumbs.db: skipped",),
    )
    aligned = True

    def place(self, path: str) -> tuple[str, str] | None:
        folder, stem, suffix = folder_stem_suffix(path)
        if suffix not in IMAGE_SUFFIXES or folder not in FIELDS:
            return None
        return FIELDS[folder], stem

    def expected(self, field: str, name: str) -> str:
        return f"{FOLDERS[field]}/{name}.jpg"
