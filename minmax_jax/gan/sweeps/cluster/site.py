"""A sweep, as its workers must see it, and the checks of a worker."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.multihost import agreement
from minmax_jax.gan.run import lease, lock, lock_file
from minmax_jax.gan.sweeps.cluster import devices
from minmax_jax.gan.sweeps.grid import SweepRun
from minmax_jax.gan.training import build

# Each worker chooses its own devices. XLA flags are compared between the workers only, because
# the process that starts the sweep does not train.
_OF_WORKERS = ("jax_platforms", "XLA_FLAGS")


class Worker(NamedTuple):
    """A worker that can train.

    Attributes:
      platform: Platform of JAX.
      xla_flags: Flags of XLA that can change results.
      shares_folder: Whether relative paths mean the same as in the process that started the sweep.
    """

    platform: str
    xla_flags: str
    shares_folder: bool


@dataclasses.dataclass(frozen=True)
class Site:
    """A sweep, as its workers must see it.

    Attributes:
      token: Token of the lock of the sweep folder.
      folder: Folder of the sweep, as the user gave it.
      home: Folder to which relative paths refer.
      config: Configuration that all runs share.
      settings: Versions and settings of the process that started the sweep.
      share: Division of the devices among the workers, if they all are on this machine.
      cache: Whether workers keep compiled programs in the cache on disk.
    """

    token: str
    folder: str
    home: str
    config: Config
    settings: Mapping[str, str]
    share: devices.Share | None = None
    cache: bool = False

    @property
    def topic(self) -> str:
        """Name of the messages about the sweep on the cluster."""
        return f"minmax-jax-{self.token[:16]}"


def describe(folder: Path, config: Config, share: devices.Share | None) -> Site:
    """Describes the sweep in a folder that this process has locked."""
    cache = bool(jax.config.jax_compilation_cache_dir)  # pyright: ignore
    return Site(lock.token(folder), str(folder), os.getcwd(), config, settings(), share, cache)


def settings() -> dict[str, str]:
    """Returns the versions and settings that a worker shares with the process that sweeps."""
    return {k: v for k, v in agreement.settings_of({}).items() if k not in _OF_WORKERS}


def check_worker(site: Site, threads: int) -> Worker:
    """Checks this process as a worker of a sweep.

    Args:
      site: The sweep.
      threads: Number of tasks that the worker runs at a time.

    Raises:
      ConfigError: If it cannot train. The message continues the name of the worker.
    """
    if threads != 1:
        raise ConfigError(
            f"runs {threads} tasks at a time, but each run needs the whole device. Start the "
            "worker with --nthreads 1, and one worker per device."
        )
    if text := _differences(site.settings, settings()):
        raise ConfigError(
            f"differs from the process that starts the sweep: {text}. Use the same environment, "
            "code and settings for both."
        )
    shares_folder = _find_folder(site)
    if site.config.run.init_from and not shares_folder and _is_relative(site.config.run.init_from):
        raise ConfigError(
            f"runs in another folder, so init_from={site.config.run.init_from} must be an absolute "
            "path. Change it."
        )
    build.pick_devices(site.config)
    flags = agreement.settings_of({})["XLA_FLAGS"]
    return Worker(jax.default_backend(), flags, shares_folder)


def localize(run: SweepRun, site: Site, shares_folder: bool) -> SweepRun:
    """Returns a run with paths that are valid in a worker.

    Paths that mean the same there are kept, so that the files of the run are the same too.
    """
    if shares_folder:
        return run
    home, source = Path(site.home), run.config.data.source
    changed: dict[str, Any] = {"out": str(home / run.config.run.out)}
    if _is_relative(source) and (home / source).exists():
        changed["data"] = str(home / source)
    if cache := run.config.data.cache_decoded:
        changed["cache_decoded"] = str(home / Path(cache).expanduser())
    return run._replace(config=run.config.replace(**changed))


def _is_relative(path: str) -> bool:
    return not Path(path).is_absolute()


def _differences(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """Returns a text with the settings that differ."""
    names = [name for name in {**here, **there} if here.get(name) != there.get(name)]
    texts = [
        f"{name} is {there.get(name, 'missing')} instead of {here.get(name, 'missing')}"
        for name in names[: agreement.MAX_DIFFERENCES]
    ]
    return printable("; ".join(texts))


def _find_folder(site: Site) -> bool:
    """Returns whether the worker finds the sweep folder under the path that the user gave.

    Raises:
      ConfigError: If it finds the folder neither there nor under the absolute path.
    """
    absolute = Path(site.home) / site.folder
    given = Path(site.folder) if os.getcwd() == site.home else absolute
    reason = "there is no folder at this path"
    try:
        if lock.token(absolute) == site.token:
            lock_file.file_system_time(absolute / lease.FILE)  # It writes a file.
            return given != absolute or not _is_relative(site.folder)
        reason = "a folder of another file system is at this path"
    except FileNotFoundError:
        if absolute.is_dir():
            reason = "a folder of another file system is at this path"
    except OSError as error:
        reason = error.strerror or str(error)
    raise ConfigError(
        f"cannot use out={printable(str(absolute))}: {reason}. Choose a folder that all machines "
        "share under the same path, and that the worker may write."
    )


def check_same(workers: Mapping[str, Worker]) -> None:
    """Raises `ConfigError` if workers have different platforms or flags of XLA."""
    for name, values in (
        ("the platform of JAX", {who: each.platform for who, each in workers.items()}),
        ("XLA_FLAGS", {who: each.xla_flags for who, each in workers.items()}),
    ):
        if len(set(values.values())) > 1:
            first, *_, last = sorted(values, key=lambda who: values[who])
            raise ConfigError(
                f"dask: {name} is {values[first]} in {first} and {values[last]} in {last}, so "
                "their results would differ. Use workers of one kind."
            )
