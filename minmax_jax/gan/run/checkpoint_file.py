"""Files of named arrays with checksums, as uncompressed ZIPs of .npy members.

A manifest lists dtypes and shapes. Dtypes unknown to .npy are stored bit for bit as integers.
"""

import io
import json
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from minmax_jax.gan.run import files


class CorruptFile(Exception):
    """A file that cannot be read, or does not contain what was written."""


def write(path: Path, values: Mapping[str, np.ndarray]) -> None:
    """Writes arrays by name, completely or not at all."""
    manifest = {name: [value.dtype.name, list(value.shape)] for name, value in values.items()}
    with files.replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_MANIFEST), json.dumps(manifest))
        for name, value in values.items():
            member, stored = zipfile.ZipInfo(f"{name}.npy"), value.view(_stored(value.dtype))
            with archive.open(member, "w", force_zip64=value.nbytes > 2**30) as stream:
                np.lib.format.write_array(stream, stored, allow_pickle=False)


def read(path: Path, prefixes: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Reads and checks the arrays in the branches `prefixes`, by default all.

    Raises:
      CorruptFile: If the file is truncated, a member is missing, extra, duplicate, compressed or
        larger than declared, members overlap, or data do not match their checksum.
    """
    try:
        with files.open_regular(path) as file, zipfile.ZipFile(file) as archive:
            size = file.seek(0, io.SEEK_END)
            if sum(member.file_size for member in archive.infolist()) > size:
                raise CorruptFile("the members expand to more than the file")
            manifest = json.loads(_content(archive, _MANIFEST, size))
            if sorted(archive.namelist()) != sorted([_MANIFEST, *(f"{n}.npy" for n in manifest)]):
                raise CorruptFile("the members differ from the manifest")
            return {
                name: _array(archive, name, jnp.dtype(dtype), tuple(shape))
                for name, (dtype, shape) in manifest.items()
                if not prefixes or any(f"{name}/".startswith(f"{p}/") for p in prefixes)
            }
    except MemoryError:
        raise
    except Exception as error:  # zipfile and json raise a dozen types for corrupt files.
        raise CorruptFile(" ".join(str(error).split()) or type(error).__name__) from error


_MANIFEST, _HEADER = "manifest.json", 4096  # Headers of arrays have fewer bytes.

START = (_MANIFEST.encode(), 30)
"""Bytes that each file contains at an offset: the name of its first member."""


def _array(archive: zipfile.ZipFile, name: str, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
    limit = np.prod(shape, dtype=object) * dtype.itemsize + _HEADER  # Without overflow.
    file = io.BytesIO(_content(archive, f"{name}.npy", limit))
    array = np.lib.format.read_array(file, allow_pickle=False)
    if (array.shape, array.dtype) != (shape, _stored(dtype)) or file.read(1):
        raise CorruptFile(f"{name} does not have the declared shape and dtype")
    return array.view(dtype)


def _content(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    member = archive.getinfo(name)
    if member.compress_type != zipfile.ZIP_STORED or member.file_size > limit:
        raise CorruptFile(f"{name} is compressed or larger than declared")
    return archive.read(member)  # This checks the CRC-32.


def _stored(dtype: Any) -> Any:
    return dtype if dtype.isbuiltin == 1 else np.dtype(f"u{dtype.itemsize}")  # For bfloat16.
