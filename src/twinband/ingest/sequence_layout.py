"""Layouts of tracking sets: sequences, each two folders of frames and lists of boxes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from twinband.core.errors import told
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label, Layout, Problem, folder_stem_suffix
from twinband.ingest.sequences import paired
from twinband.ingest.tracks import Form, Tracks, box_of

SHOWN = 8  # sequences that a remark names


class SequenceLayout(Layout):
    """Frames are paired by the numbers in their names, which otherwise differ by modality.

    A box is stored as ``[x1, y1, x2, y2]``, in pixels as written, also where a target is partly
    beyond the border; without area or with NaN it is out of sight, and the box is left out.

    Class attributes:
        folders: field of the images by the name of their folder in a sequence, ``rgb`` first.
        tracks: by label the lists of a sequence, of which the first that is there counts.
        form: of the boxes in lists.
        every: frames from one line to the next, in a list that has not one for each.
    """

    folders: ClassVar[Mapping[str, str]]
    tracks: ClassVar[Mapping[str, Sequence[str]]]
    form: ClassVar[Form] = "xywh"
    every: ClassVar[int] = 1

    def is_part(self, folder: str) -> bool:
        """Tell if a folder above sequences is a part in which the set is published."""
        return False

    def sequence_names(self, images: Mapping[str, int]) -> Mapping[str, str]:
        """Name the sequences; one without a name is left out, and told.

        Args:
            images: number of images by the folder of a sequence.
        """
        last = [folder.rpartition("/")[2] for folder in images]
        unique = len(set(last)) == len(last)
        return dict(zip(images, last if unique else images, strict=True))

    def splits(self, names: Mapping[str, str]) -> Mapping[str, str]:
        """Tell the split of sequences by their folders.

        Args:
            names: of the sequences, by folder.
        """
        return {}

    def attributes(self, names: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        """Tell what is known of sequences by their folders; ``names`` as above."""
        return {}

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        found = self._sequences(paths)
        names = self.sequence_names(
            {f: sum(map(len, fields.values())) for f, fields in found.items()}
        )
        self._leave_out({folder: own for folder, own in found.items() if folder not in names})
        splits, attributes = self.splits(names), self.attributes(names)
        there = set(paths)
        tracks = Tracks(self.files, self.every, self.options.strict_labels)
        for folder, name in names.items():
            lists = {label: self._list(folder, label, there) for label in self.tracks}
            for item in self._paired(name, found[folder], tracks, lists):
                if isinstance(item, Entry):
                    own = attributes.get(folder, {})
                    item = replace(item, split=splits.get(folder, ""), attributes=own)
                yield item
        yield from tracks.problems
        self.remarks += tracks.remarks()

    def label(self, name: str, entry: Entry) -> Label | None:
        return box_of(name, entry, self.form)

    def _sequences(self, paths: Sequence[str]) -> dict[str, dict[str, list[str]]]:
        """Collect the images of each sequence by its folder and their field."""
        found: dict[str, dict[str, list[str]]] = {}
        for path in paths:
            folder, _, suffix = folder_stem_suffix(path)
            sequence, _, modality = folder.rpartition("/")
            if modality not in self.folders or suffix not in IMAGE_SUFFIXES or not sequence:
                continue
            if all(map(self.is_part, sequence.split("/")[:-1])):
                fields = found.setdefault(sequence, {field: [] for field in self.folders.values()})
                fields[self.folders[modality]].append(path)
        return found

    def _leave_out(self, sequences: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        for fields in sequences.values():
            self.left_out.update(path for paths in fields.values() for path in paths)
        if sequences:
            shown = ", ".join(list(sequences)[:SHOWN]) + (", …" if len(sequences) > SHOWN else "")
            self.remarks.append(
                f"sequences that stand in two folders, left out of one: {len(sequences)} "
                f"({told(shown)})"
            )

    def _list(self, folder: str, label: str, there: set[str]) -> str:
        places = (f"{folder}/{file}" for file in self.tracks[label])
        return next((place for place in places if place in there), "")

    def _paired(
        self,
        name: str,
        fields: Mapping[str, list[str]],
        tracks: Tracks,
        lists: Mapping[str, str],
    ) -> Iterator[Entry | Problem]:
        found = paired(fields)
        lists = {label: path for label, path in lists.items() if path}
        whole = not found.why and any(len(files) == len(fields) for files in found.moments)
        beside = tracks.beside(fields, found, lists) if whole else [{}] * len(found.moments)
        rgb, thermal = self.folders
        counts = f"{len(fields['rgb'])} frames in {rgb} and {len(fields['thermal'])} in {thermal}"
        for files, place, shared in zip(found.moments, found.places, beside, strict=True):
            own = f"{name}/{place:06d}"
            there = ", ".join(files.values())
            if found.why:
                detail = f"{there}: sequence {name} has {counts}, and {found.why}"
                yield Problem(own, files, "unpaired_sequence", detail)
            elif len(files) == len(fields):
                yield Entry(own, {**files, **lists}, group=name, frame=place, shared=shared)
            else:
                detail = f"{there}: no frame of this number in the other modality ({counts})"
                yield Problem(own, files, "missing_partner", detail)
        for field, path in found.strays:
            detail = f"{path}: of the number or name of another frame, as a copy is; remove one"
            yield Problem(path, {field: path}, "odd_name", detail)
