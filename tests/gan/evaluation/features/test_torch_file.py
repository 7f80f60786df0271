"""Tests of the reader of files of `torch.save`."""

import pickle
import struct
import sys

import numpy as np
import pytest

from minmax_jax.gan.evaluation.features.torch_file import TorchFileError, read_tensors
from tests.gan.evaluation.features.torch_files import Tensor, torch_bytes

LAYOUTS = [{}, {"legacy": True}, {"protocol": 4}, {"legacy": True, "protocol": 3}]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_reader_returns_tensors_of_all_kinds(layout):
    numbers = np.arange(24, dtype=np.float32)
    tensors = {
        "plain": numbers.reshape(2, 3, 4),
        "view": Tensor(numbers, offset=5, shape=(3, 2), strides=(1, 6)),
        "scalar": np.float64(2.5),
        "half": np.float16([1, 2]),
        "count": np.int64(7),
        "empty": np.zeros((0, 3), np.float32),
    }
    found = read_tensors(torch_bytes(tensors, **layout))
    view = np.lib.stride_tricks.as_strided(numbers[5:], (3, 2), (4, 24))
    expected = {**tensors, "view": view}
    assert list(found) == list(tensors)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


class Harmful:
    """Sets `sys.harmed` when it is unpickled."""

    def __reduce__(self):
        return (exec, ("import sys; sys.harmed = True",))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_reader_does_not_run_code(layout):
    pickle.loads(pickle.dumps(Harmful()))  # Unpickling does run the code.
    assert sys.harmed
    del sys.harmed
    for content in (torch_bytes(Harmful(), **layout), torch_bytes([Harmful()], **layout)):
        with pytest.raises(TorchFileError, match=r"the name '\w+\.exec' is not permitted"):
            read_tensors(content)
        assert not hasattr(sys, "harmed")


ONES = np.ones(6, np.float32)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"w": Tensor(ONES, offset=1, shape=(6,), strides=(1,))}, "reaches beyond its storage"),
        ({"w": Tensor(ONES, shape=(2, 3), strides=(1, 3))}, "reaches beyond its storage"),
        ({"w": Tensor(ONES, shape=(1 << 40,), strides=(0,))}, "reaches beyond its storage"),
        ({"w": Tensor(ONES, offset=-1, shape=(6,), strides=(1,))}, "invalid shape"),
        ({"w": Tensor(ONES, offset=5, shape=(6,), strides=(-1,))}, "invalid shape"),
        ({"w": Tensor(ONES, shape=(True,), strides=(1,))}, "invalid shape"),
        ({"w": Tensor(ONES, shape=(2, 3), strides=(1,))}, "does not fit its storage"),
        ({"w": np.ones(3, np.uint8)}, r"'torch\.ByteStorage' is not permitted"),
        ({}, "does not contain tensors by name"),
        ([1, 2], "does not contain tensors by name"),
        (3 * [2.5], "does not contain tensors by name"),
    ],
)
@pytest.mark.parametrize("legacy", [False, True])
def test_reader_rejects_other_content(value, message, legacy):
    with pytest.raises(TorchFileError, match=message):
        read_tensors(torch_bytes(value, legacy=legacy))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged"),
        (b"no pickle", "damaged"),
        (pickle.dumps(3), "not written by torch.save"),
        (pickle.dumps({1: 2}), "neither a list nor a dictionary with names"),
        (pickle.dumps({"a": {2}}, 4), "EMPTY_SET is not permitted"),
        (pickle.dumps(b"bytes", 4), "SHORT_BINBYTES is not permitted"),
        (b"\x80\x02\x8a\xff" + 255 * b"\x7f" + b".", "not written by torch.save"),
        (b"\x80\x02X" + struct.pack("<I", 1 << 31) + b"a.", "damaged"),
        (torch_bytes({"w": ONES}).replace(b"little", b"bigger"), "damaged"),
    ],
)
def test_reader_rejects_other_files(content, message):
    with pytest.raises(TorchFileError, match=message):
        read_tensors(content)


@pytest.mark.parametrize("legacy", [False, True])
def test_reader_of_damaged_files_raises_one_error(legacy):
    content = torch_bytes({"a": ONES, "b": np.float16([1, 2])}, legacy=legacy)
    random, refused = np.random.RandomState(0), 0
    cut = [content[:length] for length in range(0, len(content), 7)]
    flipped = []
    for place in random.randint(0, len(content), 300):
        damaged = bytearray(content)
        damaged[place] ^= random.randint(1, 256)
        flipped.append(bytes(damaged))
    for damaged in cut + flipped:
        try:
            read_tensors(damaged)  # Some flips only change a number.
        except TorchFileError:
            refused += 1
    assert refused > len(cut)


@pytest.mark.parametrize("new", [False, True])
def test_reader_agrees_with_torch(new, tmp_path):
    torch = pytest.importorskip("torch", reason="needs the extra peers (torch)")
    layer = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 5), torch.nn.BatchNorm2d(4))
    path = tmp_path / "layer.pth"
    torch.save(layer.state_dict(), path, _use_new_zipfile_serialization=new)
    found = read_tensors(path.read_bytes())
    assert len(found) == 7
    for name, tensor in layer.state_dict().items():
        np.testing.assert_array_equal(found[name], tensor.numpy(), strict=True)
