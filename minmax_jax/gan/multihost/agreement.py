"""Comparison of the settings of all processes of a run."""

import json
import os
import platform
import zlib
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

import minmax_jax
from minmax_jax.gan.base.messages import printable

LIBRARIES = ("minmax-jax", "jax", "jaxlib", "flax", "optax", "numpy")
"""Libraries whose versions must be the same in all processes."""

JAX_SETTINGS = (
    "jax_platforms",
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_default_prng_impl",
    "jax_threefry_partitionable",
    "jax_numpy_dtype_promotion",
    "jax_debug_nans",
)
"""Settings of JAX that select devices or change results."""

XLA_FLAGS_OF_ONE_PROCESS = ("--xla_dump", "--xla_force_host_platform_device_count")
"""Beginnings of the flags in `XLA_FLAGS` that may differ between processes."""

MAX_DIFFERENCES = 10
"""Number of differing settings that a message names."""


def settings_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Returns the settings that must be the same in all processes, as texts.

    Args:
      config: Flat configuration of the run. Run folders are left out, because only process 0
        reads and writes them.
    """
    values: dict[str, Any] = {f"version of {name}": _version(name) for name in LIBRARIES}
    values["version of python"] = ".".join(platform.python_version_tuple()[:2])
    values["source of minmax-jax"] = source_crc32(Path(minmax_jax.__file__).parent)
    values |= {name: getattr(jax.config, name, None) for name in JAX_SETTINGS}
    flags = os.environ.get("XLA_FLAGS", "").split()
    values["XLA_FLAGS"] = sorted(f for f in flags if not f.startswith(XLA_FLAGS_OF_ONE_PROCESS))
    values |= {name: value for name, value in config.items() if name not in _OF_COORDINATOR}
    return {name: text_of(value) for name, value in values.items()}


_OF_COORDINATOR = ("out", "init_from")


def text_of(value: Any) -> str:
    """Returns a text that is the same for equal values only."""
    return json.dumps(value, sort_keys=True, default=repr)


def differences(settings: Sequence[Mapping[str, str]]) -> str:
    """Returns a text that names the differing settings and their values in each process.

    Args:
      settings: Settings of processes 0, 1, …

    Returns:
      For example `width: 8 in process 0, 16 in processes 1 and 2`; empty if all are equal.
    """
    texts = []
    for name in dict.fromkeys(name for one in settings for name in one):
        processes: dict[str, list[int]] = {}
        for index, one in enumerate(settings):
            processes.setdefault(one.get(name, "missing"), []).append(index)
        if len(processes) > 1:
            found = ", ".join(f"{_cut(v)} in {named(who)}" for v, who in processes.items())
            texts.append(f"{_cut(name)}: {found}")
    if len(texts) > MAX_DIFFERENCES:
        texts[MAX_DIFFERENCES:] = [f"and {len(texts) - MAX_DIFFERENCES} more"]
    return "; ".join(texts)


def named(processes: Sequence[int]) -> str:
    """Returns `process 1`, `processes 1 and 2` or `processes 1, 2, 3 and 9 more`."""
    if len(processes) == 1:
        return f"process {processes[0]}"
    few = [str(index) for index in processes[:4]]
    if len(processes) > len(few):
        few = [*few[:3], f"{len(processes) - 3} more"]
    return f"processes {', '.join(few[:-1])} and {few[-1]}"


def source_crc32(package: Path) -> str:
    """Returns the checksum of the source files of a package.

    Checkouts of different commits have the same version number.
    """
    checksum = 0
    for path in sorted(package.rglob("*.py"), key=lambda path: path.relative_to(package).parts):
        name = path.relative_to(package).as_posix().encode()
        checksum = zlib.crc32(path.read_bytes(), zlib.crc32(name, checksum))
    return f"{checksum:08x}"


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def _cut(text: str, width: int = 80) -> str:
    text = printable(text)
    return text if len(text) <= width else f"{text[: width - 3]}..."
