"""What annotators made of the images: masks, depth and classes, with how far to trust them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinband.report.facts import Picture
from twinband.report.label_facts import Masks, PseudoLabels
from twinband.report.render import render
from twinband.report.section import Section
from twinband.text import in_reading_order

OVERALL = "overall"
Pictures = Mapping[str, Picture]


@dataclass(frozen=True, slots=True)
class Example:
    """One pair as all annotators see it: pictures with a caption each, side by side."""

    hour: str
    pictures: tuple[tuple[str, Picture], ...]


@dataclass(frozen=True, slots=True)
class Gallery:
    """Examples of one dataset, one an hour."""

    name: str
    examples: tuple[Example, ...]
    legend: Picture | None


def section(masks: Sequence[Masks], labels: Sequence[PseudoLabels]) -> Section:
    """Tables of both stages, scores by hour, then pictures: of the datasets that have both, or if
    none has masks, of the first."""
    of_masks = {each.name: each for each in masks}
    drawn = of_masks or {each.name for each in labels[:1]}
    galleries = [_gallery(of_masks.get(each.name), each) for each in labels if each.name in drawn]
    hours = {hour for each in masks for hour in each.facts.scores.get("both", {})}
    hours |= {hour for each in labels for hour in each.facts.depth.scores}
    ordered = in_reading_order(sorted(hours - {OVERALL}))
    html = render(
        "labels.html.j2", masks=masks, labels=labels, hours=[*ordered, OVERALL], galleries=galleries
    )
    return Section("Labels", "labels", html)


def _gallery(masks: Masks | None, labels: PseudoLabels) -> Gallery:
    hours = {name.removesuffix("-semantics") for name in labels.pictures if "-semantics" in name}
    of_masks = masks.pictures if masks else {}
    examples = tuple(
        _example(hour, of_masks, labels.pictures) for hour in in_reading_order(sorted(hours))
    )
    return Gallery(labels.name, examples, labels.pictures.get("classes"))


def _example(hour: str, masks: Pictures, labels: Pictures) -> Example:
    wanted = (
        ("RGB", labels, "rgb"),
        ("thermal", labels, "thermal"),
        ("masks of RGB", masks, "rgb"),
        ("masks of thermal", masks, "thermal"),
        ("depth, near is dark", labels, "depth"),
        ("classes", labels, "semantics"),
    )
    found = [(caption, pictures.get(f"{hour}-{what}")) for caption, pictures, what in wanted]
    return Example(hour, tuple((caption, each) for caption, each in found if each is not None))
