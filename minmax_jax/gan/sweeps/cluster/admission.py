"""Checks the workers of a cluster before a sweep writes anything."""

import time
from typing import Any

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import Note, printable
from minmax_jax.gan.multihost.termination import Termination
from minmax_jax.gan.sweeps.cluster import connection, plugin
from minmax_jax.gan.sweeps.cluster import site as site_lib

_TICK = 0.25


def admit(
    connected: connection.Connection, site: site_lib.Site, note: Note
) -> tuple[str, dict[str, str]]:
    """Checks all workers.

    Workers that join later are checked by `plugin.Plugin`.

    Args:
      connected: Connection to the cluster.
      site: The sweep.
      note: Called with messages for the user.

    Returns:
      The platform of JAX on which the workers train, and their names by address.

    Raises:
      ConfigError: If a worker cannot train, or the workers differ.
      KeyboardInterrupt: After Ctrl-C while no worker is connected.
      Terminated: After another signal while no worker is connected.
    """
    _wait_for_a_worker(connected, note)
    client = connected.client
    try:
        answers: Any = client.run(plugin.check_and_name, site, on_error="return")
    except Exception as error:  # For example, a worker cannot read the message.
        raise ConfigError(f"dask: the workers cannot be checked ({_cause(error)}).") from error
    found: dict[str, site_lib.Worker] = {}
    names: dict[str, str] = {}
    for address, answer in answers.items():
        name = plugin.short_name(None, address)
        if isinstance(answer, tuple):
            name, answer = answer
        names[address] = name
        if isinstance(answer, site_lib.Worker):
            found[name] = answer
        elif isinstance(answer, str):
            raise ConfigError(f"dask: {name} {answer}")
        else:
            raise ConfigError(f"dask: {name} cannot be checked ({_cause(answer)}).")
    site_lib.check_same(found)
    first = next(iter(found.values()))
    client.register_plugin(plugin.Plugin(site, first))
    note(f"dask: {len(found)} worker{'s' * (len(found) > 1)} connected ({first.platform})")
    return first.platform, names


def _wait_for_a_worker(connected: connection.Connection, note: Note) -> None:
    """Waits until the cluster has a worker."""
    told = False
    with Termination() as termination:
        while not connected.client.nthreads():
            if termination.requested:
                raise termination.error("no run was started")
            if not told:
                note(
                    f"dask={printable(connected.address)} has no workers; waiting for the first "
                    "one. To start one: dask worker ADDRESS --nthreads 1 --memory-limit 0"
                )
                told = True
            time.sleep(_TICK)


def _cause(error: object) -> str:
    """Returns the reason why a worker could not be checked, with a remedy."""
    text = printable(str(error).strip().rpartition("\n")[2])[:200]
    if isinstance(error, ImportError | AttributeError):
        return f"{text}; install the same version of minmax-jax there"
    return f"{type(error).__name__}: {text}; look at its log"
