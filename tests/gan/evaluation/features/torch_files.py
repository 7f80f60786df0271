"""Writes files as `torch.save` does, without PyTorch."""

import collections
import io
import pickle
import struct
import sys
import types
import zipfile
from unittest import mock

import numpy as np

_KINDS = {"f4": "Float", "f8": "Double", "f2": "Half", "i8": "Long", "i4": "Int", "u1": "Byte"}


class Tensor:
    """A tensor to write: a view of a flat array, by default the whole array."""

    def __init__(self, data, offset=0, shape=None, strides=None):
        array = np.asarray(data, order="C")
        self.data, self.offset = array.reshape(-1), offset
        self.shape = array.shape if shape is None else shape
        self.strides = tuple(s // array.itemsize for s in array.strides)
        self.strides = self.strides if strides is None else strides

    def __reduce__(self):
        function = sys.modules["torch._utils"]._rebuild_tensor_v2
        hooks = collections.OrderedDict()
        return function, (_Storage(self.data), self.offset, self.shape, self.strides, False, hooks)


class _Storage:
    def __init__(self, data):
        self.data = data


def _fake_torch():
    """Returns modules that have the names that `torch.save` writes."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for kind in _KINDS.values():
        setattr(torch, f"{kind}Storage", type(f"{kind}Storage", (), {"__module__": "torch"}))

    def _rebuild_tensor_v2():
        pass

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    return {"torch": torch, "torch._utils": utils}


def _dump(value, stream, protocol, legacy):
    """Pickles a value, and returns the arrays of its storages by key."""
    keys = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if not isinstance(obj, _Storage):
                return None
            key, _ = keys.setdefault(id(obj.data), (str(len(keys)), obj.data))
            kind = getattr(sys.modules["torch"], f"{_KINDS[obj.data.dtype.str[1:]]}Storage")
            return ("storage", kind, key, "cpu", obj.data.size, *([None] if legacy else []))

    with mock.patch.dict(sys.modules, _fake_torch()):
        Pickler(stream, protocol).dump(value)
    return dict(keys.values())


def torch_bytes(tensors, *, legacy=False, protocol=2):
    """Returns the content of a file with tensors by name.

    Args:
      tensors: Arrays or `Tensor`s by name, or another value.
      legacy: Whether to write the layout that PyTorch had before version 1.6.
      protocol: Protocol of the pickles.
    """
    if isinstance(tensors, dict):
        tensors = {k: v if isinstance(v, Tensor) else Tensor(v) for k, v in tensors.items()}
        value = collections.OrderedDict(tensors)
        value._metadata = collections.OrderedDict({"": {"version": 1}})
    else:
        value = tensors
    stream = io.BytesIO()
    if not legacy:
        pickled = io.BytesIO()
        storages = _dump(value, pickled, protocol, legacy)
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("name/data.pkl", pickled.getvalue())
            archive.writestr("name/byteorder", "little")
            for key, data in storages.items():
                archive.writestr(f"name/data/{key}", data.tobytes())
            archive.writestr("name/version", "3\n")
        return stream.getvalue()
    sizes = {"short": 2, "int": 4, "long": 4}
    about = {"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}
    for part in (0x1950A86A20F9469CFC6C, 1001, about):
        pickle.dump(part, stream, protocol)
    storages = _dump(value, stream, protocol, legacy)
    pickle.dump(list(storages), stream, protocol)
    for data in storages.values():
        stream.write(struct.pack("<q", data.size) + data.tobytes())
    return stream.getvalue()
