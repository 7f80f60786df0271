"""Starts a Dask cluster on this machine, or connects to another one."""

import contextlib
import importlib.util
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dask
import distributed

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import Note, printable
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.sweeps.cluster import devices

_TIMEOUT = "10s"


class Connection(NamedTuple):
    """Connection to a cluster.

    Attributes:
      client: Client of the cluster.
      address: Address or file that the user gave, or of the scheduler on this machine.
      share: Division of the devices, if the cluster was started on this machine.
    """

    client: distributed.Client
    address: str
    share: devices.Share | None


@contextlib.contextmanager
def connect(address: str, workers: int, config: Config, note: Note) -> Iterator[Connection]:
    """Connects to a cluster, or starts one that ends with the block.

    Args:
      address: Address of a scheduler or path of its scheduler file. Default: a new cluster on this
        machine.
      workers: Number of workers of a new cluster. Default: chosen.
      config: Configuration of the runs.
      note: Called with messages for the user.

    Raises:
      ConfigError: If no scheduler answers, or the new cluster cannot start.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_quiet())
        share = None
        if address:
            arguments = _arguments(address)
        else:
            share = devices.divide(workers, config.training.devices)
            cluster = stack.enter_context(_start(share))
            arguments = {"address": cluster}
            address = cluster.scheduler_address
            note(f"dask: {_described(share)} on this machine, scheduler {address}")
        client = stack.enter_context(_open_client(address, arguments))
        yield Connection(client, address, share)


@contextlib.contextmanager
def _start(share: devices.Share) -> Iterator[distributed.LocalCluster]:
    """Starts a cluster on this machine.

    Its connections are encrypted if the package cryptography is installed, so that other users of
    the machine cannot send programs to the workers. Dask does not limit the memory, because it
    would stop a worker in the middle of a run. Workers may start processes, which read data that
    are streamed.
    """
    secure = importlib.util.find_spec("cryptography") is not None
    try:
        with dask.config.set({"distributed.worker.daemon": False}):  # pyright: ignore
            cluster = distributed.LocalCluster(
                n_workers=share.workers,
                threads_per_worker=1,
                memory_limit=None,
                dashboard_address="127.0.0.1:0",
                host="127.0.0.1",
                security=secure or None,
                silence_logs=logging.CRITICAL,
            )
    except (OSError, RuntimeError, TimeoutError) as error:
        raise ConfigError(
            f"workers={share.workers}: the cluster does not start ({_first_line(error)}). Choose "
            "fewer workers."
        ) from error
    with cluster:
        yield cluster


@contextlib.contextmanager
def _open_client(address: str, arguments: dict[str, Any]) -> Iterator[distributed.Client]:
    try:
        client = distributed.Client(
            **arguments, timeout=_TIMEOUT, set_as_default=False, name="minmax-jax"
        )
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        raise ConfigError(
            f"dask={printable(address)}: no scheduler answers ({_first_line(error)}). Start one "
            "with `dask scheduler`, and give the address that it prints, such as "
            "tcp://HOST:8786, or its --scheduler-file."
        ) from error
    try:
        yield client
    finally:
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):
            client.close()


def _arguments(address: str) -> dict[str, Any]:
    """Returns the arguments of a client for an address or a scheduler file.

    Raises:
      ConfigError: If a file is given that is not a scheduler file.
    """
    path = Path(address)
    if "://" in address or not (address.endswith(".json") or "/" in address or path.exists()):
        return {"address": address}
    try:
        content = json.loads(path.read_bytes())
        if isinstance(content, dict) and isinstance(content.get("address"), str):
            return {"scheduler_file": address}
        reason = "it contains no address"
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError:
        reason = "it is not JSON"
    raise ConfigError(
        f"dask={printable(address)} is not a scheduler file ({reason}). Give the file of `dask "
        "scheduler --scheduler-file FILE`, or an address such as tcp://HOST:8786."
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hides the log of Dask in this process, whose errors are reported in one line instead."""
    names = ("distributed", "distributed.client", "distributed.nanny", "distributed.scheduler")
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        # Versions that matter are compared by `site.check_worker`.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="distributed")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _described(share: devices.Share) -> str:
    many = f"{share.workers} worker{'s' * (share.workers > 1)}"
    if share.platform == "cpu":
        return f"{many} that divide the processor cores"
    return f"{many} with {share.each} of {share.devices} devices ({share.platform}) each"


def _first_line(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0] or type(error).__name__
    return printable(text)[:200]
