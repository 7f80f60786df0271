"""Cache of compiled programs on disk, so that the second start compiles nothing.

The command line turns on JAX's persistent compilation cache. Scripts can turn it on with JAX's
own settings. An entry contains the machine code that was executed by the run that wrote it, so
results are bit-for-bit identical with and without the cache.
"""

import os
import platform
import zlib
from pathlib import Path
from typing import Any

import jax

from minmax_jax.gan.base import cache, private_folder
from minmax_jax.gan.base.messages import Note, print_note

SETTINGS = {
    # Building the networks compiles dozens of small programs, a large part of the start-up time.
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    # A run of a preset writes 1 to 3 MB. JAX removes the least recently used entries first.
    "jax_compilation_cache_max_size": 2**29,
}
"""Maps settings of JAX to values.

An environment variable with the name of a setting in capitals has precedence.
"""


def turn_on(note: Note = print_note) -> Path | None:
    """Caches compiled programs in the user's cache folder, if the folder is writable.

    A cache in which somebody else can write is not used, because a compiled program can do
    everything that the user can.

    JAX's own variables have precedence: `JAX_COMPILATION_CACHE_DIR` selects another folder, in
    which this function changes nothing, and `JAX_ENABLE_COMPILATION_CACHE=0` turns the cache
    off.

    Args:
      note: Function that receives a message if the cache is not used because of its permissions.

    Returns:
      The folder, or None if programs are not cached.
    """
    settings: Any = jax.config  # Type checkers do not find its attributes.
    if not settings.jax_enable_compilation_cache:
        return None
    if given := settings.jax_compilation_cache_dir:
        # JAX also accepts addresses of cloud storage.
        return Path(given) if "://" in given or _is_private(Path(given), note) else None
    folder = cache.cache_folder() / "programs" / _processor()
    try:
        private_folder.make_private(folder)
        if not _is_private(folder, note):
            return None
        remove_corrupt(folder)  # It writes a file, so an unwritable folder raises.
    except OSError:
        return None
    for name, value in SETTINGS.items():
        if name.upper() not in os.environ:
            jax.config.update(name, value)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    return folder


def _is_private(folder: Path, note: Note) -> bool:
    """Returns whether only the current user can write to a cache; otherwise turns the cache off."""
    reason = private_folder.why_not_private(folder)
    if reason is None:
        return True
    jax.config.update("jax_enable_compilation_cache", False)
    note(
        f"compiled programs are not cached, because {reason}, and a cached program can do "
        "everything that you can. Set XDG_CACHE_HOME or JAX_COMPILATION_CACHE_DIR to a folder of "
        "your own."
    )
    return False


def remove_corrupt(folder: Path) -> None:
    """Removes entries that a killed process or a full disk left incomplete.

    If JAX cannot read an entry, it compiles the program, but keeps the entry and warns at every
    start. If the file with an entry's time of use is missing, JAX cannot add entries. The
    content of each entry is checked only once.
    """
    stamp = folder / "last-check"
    last = stamp.stat().st_mtime_ns if stamp.exists() else 0
    stamp.touch()
    for entry in folder.glob(f"*{_ENTRY}"):
        used = entry.with_name(entry.name.removesuffix(_ENTRY) + _USED)
        new = entry.stat().st_mtime_ns >= last
        if not used.exists() or (new and not _is_valid(entry)):
            entry.unlink(missing_ok=True)
            used.unlink(missing_ok=True)


_ENTRY, _USED = "-cache", "-atime"  # JAX's LRUCache uses these file name endings.


def _is_valid(entry: Path) -> bool:
    """Returns whether a zlib entry can be decompressed, which verifies its checksum.

    The result for Zstandard entries is True without a check.
    """
    packed = entry.read_bytes()
    if packed.startswith(b"\x28\xb5\x2f\xfd"):
        return True  # Zstandard, if installed. JAX checks these entries itself.
    try:
        return bool(zlib.decompress(packed))
    except zlib.error:
        return False


def _processor() -> str:
    """Returns an identifier of the processor.

    Machines that share a home folder need separate entries, because machine code for one
    processor may crash on another.
    """
    about = platform.machine() + platform.processor()
    try:
        first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    except OSError:
        first = ""
    lines = [
        line
        for line in first.splitlines()
        if line.partition("\t")[0] in ("model name", "flags", "Features")
    ]
    return f"{zlib.crc32((about + ' '.join(lines)).encode()):08x}"
