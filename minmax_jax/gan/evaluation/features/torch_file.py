"""Reads the tensors of a file of `torch.save` without unpickling objects.

A pickle is a program that may call any function. Here it is read as a list of operations, of
which only those are carried out that build containers, numbers and tensors. A name in the file
selects a row of a fixed table; nothing is imported or called. Both layouts are supported: the zip
archive, and one pickle after another (before PyTorch 1.6).
"""

import io
import pickletools
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

_DTYPES = {
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.DoubleStorage": np.dtype("<f8"),
    "torch.HalfStorage": np.dtype("<f2"),
    "torch.LongStorage": np.dtype("<i8"),
    "torch.IntStorage": np.dtype("<i4"),
}
_DICT = "collections.OrderedDict"
_TENSORS = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor")
_PARAMETER = "torch._utils._rebuild_parameter"
_NAMES = frozenset((*_DTYPES, _DICT, *_TENSORS, _PARAMETER))
"""The only names that a file may contain."""

_MAGIC = 0x1950A86A20F9469CFC6C
"""First value of a file of the old layout."""

_ARGUMENTS = (
    *("BINUNICODE", "SHORT_BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
)
"""Operations that push their argument."""

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class TorchFileError(ValueError):
    """A file is damaged, or contains something else than tensors by name."""


class _Name(NamedTuple):
    """A permitted name."""

    text: str


class _Storage(NamedTuple):
    """Numbers of one or several tensors, which are stored under `key`."""

    dtype: np.dtype
    key: str
    count: int


class _Tensor(NamedTuple):
    """A view of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(content: bytes) -> dict[str, np.ndarray]:
    """Returns the tensors of a state dict by name, as read-only views.

    Args:
      content: Content of the file.

    Raises:
      TorchFileError: If the file is damaged, or contains something else.
    """
    try:
        if zipfile.is_zipfile(io.BytesIO(content)):
            return _read_archive(content)
        return _read_sequence(content)
    except TorchFileError:
        raise
    except (ValueError, LookupError, TypeError, OverflowError, RuntimeError, EOFError) as error:
        raise TorchFileError(f"the file is damaged: {error}") from error
    except zipfile.BadZipFile as error:
        raise TorchFileError(f"the archive is damaged: {error}") from error


def _read_archive(content: bytes) -> dict[str, np.ndarray]:
    """Reads the zip archive: `data.pkl`, and one entry per storage in `data/`."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        if sum(sizes.values()) > len(content):  # PyTorch does not compress.
            raise TorchFileError("the archive is larger than the file")
        (pickled,) = [name for name in sizes if name.endswith("/data.pkl")]
        folder = pickled.removesuffix("data.pkl")
        order = f"{folder}byteorder"
        if order in sizes and archive.read(order) != b"little":
            raise TorchFileError("the byte order is not little-endian")
        tensors = _tensors(_carry_out(io.BytesIO(archive.read(pickled))))
        storages = {tensor.storage for tensor in tensors.values()}
        data = {
            storage.key: np.frombuffer(archive.read(f"{folder}data/{storage.key}"), storage.dtype)
            for storage in storages
        }
    return {name: _view(tensor, data[tensor.storage.key]) for name, tensor in tensors.items()}


def _read_sequence(content: bytes) -> dict[str, np.ndarray]:
    """Reads the old layout: five pickles, then the storages with their lengths."""
    stream = io.BytesIO(content)
    if _carry_out(stream) != _MAGIC:
        raise TorchFileError("the file was not written by torch.save")
    _carry_out(stream)  # The version of the layout has always been 1001.
    if not _carry_out(stream)["little_endian"]:
        raise TorchFileError("the byte order is not little-endian")
    tensors = _tensors(_carry_out(stream))
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    data, position = {}, None
    for key in _carry_out(stream):
        position = stream.tell() if position is None else position
        count = int(np.frombuffer(content, "<i8", 1, position)[0])
        if count < 0:
            raise TorchFileError(f"storage {key} has {count} numbers")
        data[key] = np.frombuffer(content, dtypes[key], count, position + 8)
        position += 8 + data[key].nbytes
    return {name: _view(tensor, data[tensor.storage.key]) for name, tensor in tensors.items()}


def _tensors(value: Any) -> dict[str, _Tensor]:
    """Returns a dictionary from names to tensors, or raises an error for anything else."""
    if not isinstance(value, Mapping) or not value:
        raise TorchFileError("the file does not contain tensors by name")
    for name, tensor in value.items():
        if not isinstance(tensor, _Tensor):
            raise TorchFileError(f"{name!r} is not a tensor")
    return dict(value)


def _view(tensor: _Tensor, data: np.ndarray) -> np.ndarray:
    """Returns the numbers of a tensor, after checking that they lie within the storage."""
    numbers = (tensor.offset, *tensor.shape, *tensor.strides)
    if any(type(n) is not int or n < 0 for n in numbers):
        raise TorchFileError("a tensor has an invalid shape")
    if len(tensor.shape) != len(tensor.strides) or len(data) != tensor.storage.count:
        raise TorchFileError("a tensor does not fit its storage")
    size, last = 1, tensor.offset
    for length, stride in zip(tensor.shape, tensor.strides, strict=True):
        size, last = size * length, last + (length - 1) * stride
    if size > len(data) or (size and last >= len(data)):
        raise TorchFileError("a tensor reaches beyond its storage")
    strides = tuple(stride * data.itemsize for stride in tensor.strides)
    start = data[tensor.offset :] if size else data[:0]
    return np.lib.stride_tricks.as_strided(start, tensor.shape, strides, writeable=False)


def _carry_out(stream: io.BytesIO) -> Any:
    """Carries out the permitted operations of one pickle, and returns its value."""
    stack: list[Any] = []
    marks: list[int] = []
    memory: dict[int, Any] = {}

    def pop_to_mark() -> list[Any]:
        start = marks.pop()
        found = stack[start:]
        del stack[start:]
        return found

    for operation, argument, _ in pickletools.genops(stream):
        name = operation.name
        if name in ("PROTO", "FRAME", "STOP"):
            continue
        elif name in _ARGUMENTS:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name == "EMPTY_LIST":
            stack.append([])
        elif name == "MARK":
            marks.append(len(stack))
        elif name in ("BINPUT", "LONG_BINPUT"):
            memory[int(argument or 0)] = stack[-1]
        elif name == "MEMOIZE":
            memory[len(memory)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memory[int(argument or 0)])
        elif name in _TUPLES:
            items = [stack.pop() for _ in range(_TUPLES[name])]
            stack.append(tuple(reversed(items)))
        elif name == "TUPLE":
            stack.append(tuple(pop_to_mark()))
        elif name in ("SETITEM", "APPEND"):
            added = [stack.pop() for _ in range(2 if name == "SETITEM" else 1)]
            _add(stack[-1], added[::-1])
        elif name in ("SETITEMS", "APPENDS"):
            added = pop_to_mark()
            _add(stack[-1], added)
        elif name == "GLOBAL":
            stack.append(_name(str(argument).replace(" ", ".", 1)))
        elif name == "STACK_GLOBAL":
            last, first = stack.pop(), stack.pop()
            stack.append(_name(f"{first}.{last}"))
        elif name == "BINPERSID":
            stack.append(_storage(*stack.pop()))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            stack.append(_build(function, *arguments))
        elif name == "BUILD":
            stack.pop()  # These are attributes of a dictionary, such as versions of layers.
            if not isinstance(stack[-1], dict):
                raise TorchFileError("an object has attributes")
        else:
            raise TorchFileError(f"the operation {name} is not permitted")
    (value,) = stack
    return value


def _add(container: Any, items: list[Any]) -> None:
    """Adds items to a list, or keys and values to a dictionary."""
    if isinstance(container, list):
        container.extend(items)
    elif isinstance(container, dict) and all(isinstance(key, str) for key in items[::2]):
        container.update(zip(items[::2], items[1::2], strict=True))
    else:
        raise TorchFileError("a container is neither a list nor a dictionary with names as keys")


def _name(text: str) -> _Name:
    if text not in _NAMES:
        raise TorchFileError(f"the name {text!r} is not permitted")
    return _Name(text)


def _storage(kind: Any, dtype: Any, key: Any, location: Any, count: Any, *rest: Any) -> _Storage:
    del location, rest
    is_known = isinstance(dtype, _Name) and dtype.text in _DTYPES
    if kind != "storage" or not is_known or not isinstance(key, str) or type(count) is not int:
        raise TorchFileError("a storage is not described as expected")
    return _Storage(_DTYPES[dtype.text], key, count)


def _build(function: Any, *arguments: Any) -> Any:
    """Builds what a permitted function would return."""
    name = function.text if isinstance(function, _Name) else None
    if name == _DICT and not arguments:
        return {}
    if name in _TENSORS and isinstance(arguments[0], _Storage):
        storage, offset, shape, strides = arguments[:4]
        return _Tensor(storage, offset, tuple(shape), tuple(strides))
    if name == _PARAMETER and isinstance(arguments[0], _Tensor):
        return arguments[0]
    raise TorchFileError("an object other than a tensor or a dictionary is built")
