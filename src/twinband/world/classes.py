"""Classes of the sample world: MFNet's ids, and a fuller table for whole scenes."""

# MFNet's own ids (spec: benchmarks, A.2).
MFNET_CLASSES = (
    "unlabeled", "car", "person", "bike", "curve", "car_stop", "guardrail", "color_cone", "bump",
)  # fmt: skip

# The class of every pixel, on which annotators are trained and scored.
SCENE_CLASSES = (
    "void", "road", "sidewalk", "building", "pole", "vegetation", "sky", "person", "car",
    "bicycle", "guardrail", "cone", "marking", "kerb",
)  # fmt: skip

MFNET_OF_SCENE = {"car": "car", "person": "person", "bicycle": "bike", "guardrail": "guardrail"}
MFNET_OF_SCENE |= {"cone": "color_cone", "kerb": "curve"}


def scene_id(name: str) -> int:
    """Look up the id of a scene class."""
    return SCENE_CLASSES.index(name)


def mfnet_id(name: str) -> int:
    """Look up the MFNet id of a scene class; 0 (unlabeled) for classes that MFNet does not have."""
    return MFNET_CLASSES.index(MFNET_OF_SCENE.get(name, "unlabeled"))
