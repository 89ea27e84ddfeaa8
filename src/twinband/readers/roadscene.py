"""Reader of RoadScene (U2Fusion, 2020): aligned pairs of street scenes, no labels or splits."""

from typing import ClassVar

from twinband.ingest.layout import IMAGE_SUFFIXES, ByName, folder_stem_suffix

FIELDS = {"crop_LR_visible": "rgb", "cropinfrared": "thermal"}
FOLDERS = {field: folder for folder, field in FIELDS.items()}


class Layout(ByName):
    """``crop_LR_visible`` has the size of ``cropinfrared``; the other folders are left alone."""

    expects = "crop_LR_visible/NAME.jpg with cropinfrared/NAME.jpg"
    published: ClassVar = {"RoadScene": 221}
    aligned = True

    def place(self, path: str) -> tuple[str, str] | None:
        folder, stem, suffix = folder_stem_suffix(path)
        if suffix not in IMAGE_SUFFIXES or folder not in FIELDS:
            return None
        return FIELDS[folder], stem

    def expected(self, field: str, name: str) -> str:
        return f"{FOLDERS[field]}/{name}.jpg"
