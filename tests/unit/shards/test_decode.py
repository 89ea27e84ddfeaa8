"""From members to arrays, without losing depth or channels."""

import io

import numpy as np
import pytest

from tests.raw_pairs import encoded, scene
from twinband.errors import BadSample
from twinband.images import encode_png
from twinband.shards.decode import decode_field, decode_fields


def test_images_keep_depth_and_channels() -> None:
    rgb, thermal = scene(1)
    deep = thermal.astype(np.uint16) * 60
    labels = (thermal // 32).astype(np.uint8)
    fields = {
        "rgb.png": encode_png(thermal),
        "thermal.png": encode_png(deep),
        "semantics.png": encode_png(labels),
        "json": b'{"a": [1]}',
    }
    found = decode_fields(fields)
    assert found["rgb"].shape == rgb.shape  # one channel is repeated
    np.testing.assert_array_equal(found["thermal"], deep)
    np.testing.assert_array_equal(found["semantics"], labels)
    assert found["json"] == {"a": [1]}
    assert decode_field("thermal.jpg", encoded(thermal))[1].ndim == 2


def test_arrays_are_read_without_pickle() -> None:
    stream = io.BytesIO()
    np.save(stream, np.arange(6, dtype=np.float32).reshape(2, 3))
    name, value = decode_field("features.npy", stream.getvalue())
    assert name == "features" and value.shape == (2, 3)
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        decode_field("features.npy", stream.getvalue())


def test_unknown_suffixes_and_broken_images_are_errors() -> None:
    with pytest.raises(ValueError, match=r"masks\.rle"):
        decode_field("masks.rle", b"")
    with pytest.raises(BadSample, match=r"rgb\.png"):
        decode_field("rgb.png", b"no image")
