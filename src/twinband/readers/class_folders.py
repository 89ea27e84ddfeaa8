"""Reader of crops in folders by hour, split, modality and class, such as those cut from FLIR."""

import re
from collections.abc import Mapping

from twinband.ingest.by_name import ByName
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label
from twinband.ingest.split_words import split_of_word

PATH = re.compile(
    r"(?:[^/]+/)?(?P<hour>[^/]+)/(?P<split>[^/]+)/(?P<field>rgb|thermal)"
    r"/(?P<label>[^/]+)/(?P<stem>[^/]+)\.(?P<suffix>[^./]+)"
)


class Layout(ByName):
    """A folder, or a tar of it, with or without one more folder around everything."""

    expects = (
        "HOUR/{train,val,test}/{rgb,thermal}/CLASS/NAME.{jpg,jpeg,png}, in a folder or a tar, "
        "with or without one folder around everything"
    )
    aligned = True  # crops show too little to be registered

    def place(self, path: str) -> tuple[str, str] | None:
        match = PATH.fullmatch(path)
        if match is None or match["suffix"].lower() not in IMAGE_SUFFIXES:
            return None
        if not split_of_word(match["split"]):
            return None
        return match["field"], "/".join(match.group("hour", "split", "label", "stem"))

    def expected(self, field: str, name: str) -> str:
        hour, split, label, stem = name.split("/")
        return f"{hour}/{split}/{field}/{label}/{stem}.*"

    def entry(self, name: str, files: Mapping[str, str]) -> Entry:
        hour, split, label, _ = name.split("/")
        return Entry(
            name, files, split=split_of_word(split), attributes={"hour": hour, "class": label}
        )

    def label_names(self, entry: Entry) -> list[str]:
        return ["class"]

    def label(self, name: str, entry: Entry) -> Label:
        return entry.attributes[name]
