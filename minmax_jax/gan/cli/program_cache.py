"""Compiled programs kept between processes, so that a second start does not compile again.

This is JAX's persistent compilation cache, turned on by the command line alone: a script
decides for itself. An entry is the machine code of the run that made it: the same bits.
"""

import os
import platform
import zlib
from pathlib import Path
from typing import Any

import jax

from minmax_jax.gan.base import cache

SETTINGS = {
    # Dozens of small programs build the networks: together they are much of a start.
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    # A start of a preset keeps 1 to 3 MB; what was used longest ago goes first.
    "jax_compilation_cache_max_size": 2**29,
}
"""JAX's setting -> our value; an environment variable of that name in capitals wins."""


def turn_on() -> Path | None:
    """Keeps compiled programs in the user's cache folder, if that can be written.

    JAX's own variables are respected: with `JAX_COMPILATION_CACHE_DIR` the folder and all
    that concerns it are the user's, `JAX_ENABLE_COMPILATION_CACHE=0` turns the cache off.

    Returns:
      The folder, None if nothing is kept.
    """
    settings: Any = jax.config  # whose attributes type checkers do not know
    if not settings.jax_enable_compilation_cache:
        return None
    if given := settings.jax_compilation_cache_dir:
        return Path(given)
    folder = cache.cache_folder() / "programs" / _processor()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        drop_damaged(folder)  # writes its stamp: the folder can be written
    except OSError:
        return None
    for name, value in SETTINGS.items():
        if name.upper() not in os.environ:
            jax.config.update(name, value)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    return folder


def drop_damaged(folder: Path) -> None:
    """Removes entries that a killed process or a full disk left unfinished.

    JAX compiles anew where it cannot read an entry, but leaves it there and warns at every
    start; one without its time of use keeps it from ever adding another. Entries are read
    once: those older than the last look were found sound.
    """
    stamp = folder / "looked-at"
    last = stamp.stat().st_mtime_ns if stamp.exists() else 0
    stamp.touch()
    for entry in folder.glob(f"*{_ENTRY}"):
        used = entry.with_name(entry.name.removesuffix(_ENTRY) + _USED)
        new = entry.stat().st_mtime_ns >= last
        if not used.exists() or (new and not _sound(entry)):
            entry.unlink(missing_ok=True)
            used.unlink(missing_ok=True)


_ENTRY, _USED = "-cache", "-atime"  # the file names of jax's LRUCache


def _sound(entry: Path) -> bool:
    """Whether an entry can be unpacked; its last bytes are a checksum."""
    packed = entry.read_bytes()
    if packed.startswith(b"\x28\xb5\x2f\xfd"):
        return True  # Zstandard, where that is installed: JAX's to judge
    try:
        return bool(zlib.decompress(packed))
    except zlib.error:
        return False


def _processor() -> str:
    """Tells processors apart that share a home folder: machine code of one may crash another."""
    about = platform.machine() + platform.processor()
    try:
        first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    except OSError:
        first = ""
    lines = [line for line in first.splitlines()
             if line.partition("\t")[0] in ("model name", "flags", "Features")]  # fmt: skip
    return f"{zlib.crc32((about + ' '.join(lines)).encode()):08x}"
