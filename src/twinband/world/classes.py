"""The classes of the sample world, in MFNet's ids and in a fuller table for whole scenes."""

# MFNet's own ids (spec: benchmarks, A.2).
MFNET_CLASSES = (
    "unlabeled", "car", "person", "bike", "curve", "car_stop", "guardrail", "color_cone", "bump",
)  # fmt: skip

# Every pixel's class; what annotators are trained and scored on.
SCENE_CLASSES = (
    "void", "road", "sidewalk", "building", "pole", "vegetation", "sky", "person", "car",
    "bicycle", "guardrail", "cone", "marking", "kerb",
)  # fmt: skip

MFNET_OF_SCENE = {"car": "car", "person": "person", "bicycle": "bike", "guardrail": "guardrail"}
MFNET_OF_SCENE |= {"cone": "color_cone", "kerb": "curve"}

OBJECTS = ("person", "car", "bicycle", "cone", "sign")  # what gets a box and an instance id


def scene_id(name: str) -> int:
    """Id of a scene class by its name."""
    return SCENE_CLASSES.index(name)


def mfnet_id(name: str) -> int:
    """MFNet id of a scene class by its name; 0 (unlabeled) for what MFNet does not know."""
    return MFNET_CLASSES.index(MFNET_OF_SCENE.get(name, "unlabeled"))
