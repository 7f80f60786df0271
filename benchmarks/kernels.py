"""Profiles the kernels that one call launches on a GPU.

    python -m benchmarks.kernels update --elements 100000000 --names optax.adam mm.nsgda
    python -m benchmarks.kernels trainer --networks mlp
    python -m benchmarks.kernels forms --side 2560 --row 64

`update` profiles updates of the suite `update`. `trainer` profiles a call of 50 steps of the
suite `trainer`: the bare step and the trainer's step. `forms` profiles forms of Ada-nSGDA's update
of three square leaves, next to Adam's (`benchmarks/kernel_forms.py`). Times include the profiler's
own work, so they are for comparisons of kernels, not for comparisons with times of the suites.
Needs a GPU.
"""

import argparse
import collections
import functools
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

from benchmarks import clock, kernel_forms, noise, table, trainer, trees, update


class Kernel(NamedTuple):
    """One kernel of a profile.

    Attributes:
      name: Name that XLA or a library gives it.
      count: Number of launches per call.
      microseconds: Time of all its launches per call.
    """

    name: str
    count: float
    microseconds: float


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Returns the arguments of the command line."""
    description = "Profile the kernels of one call on a GPU."
    parser = argparse.ArgumentParser("python -m benchmarks.kernels", description=description)
    parser.add_argument("suite", choices=tuple(MAKERS))
    parser.add_argument("--names", nargs="*", default=update.FEW, help="Updates to profile.")
    parser.add_argument("--elements", type=int, default=100_000_000, help="Size of their tree.")
    parser.add_argument("--leaves", type=int, default=30, help="Number of its leaves.")
    parser.add_argument("--dtype", default="float32", help="Its dtype. Default: %(default)s.")
    parser.add_argument("--side", type=int, default=2560, help="Rows of a square leaf of `forms`.")
    parser.add_argument("--row", type=int, default=64, help="Elements of a row that is summed.")
    parser.add_argument("--separate", action="store_true", help="`forms`: new arrays not in place.")
    parser.add_argument("--networks", nargs="*", help="Networks, such as mlp. Default: all.")
    parser.add_argument("--calls", type=int, default=5, help="Profiled calls.")
    parser.add_argument("--top", type=int, default=20, help="Number of kernels to print.")
    return parser.parse_args(words)


def main(command: argparse.Namespace) -> None:
    """Prints one table per implementation.

    Raises:
      SystemExit: If JAX has no GPU, or an update or a network is unknown.
    """
    if jax.devices()[0].platform != "gpu":
        sys.exit("benchmarks.kernels: a profile of kernels needs a GPU, and JAX has none here.")
    for name, make in MAKERS[command.suite](command).items():
        run = make()
        print(report(name, profile(run, command.calls), command.top), flush=True)
        del run


def updates(command: argparse.Namespace) -> dict[str, Callable[[], Callable[[], Any]]]:
    """Returns, by name, functions that create the call of each update."""
    if unknown := [name for name in command.names if name not in update.OPTIMIZERS]:
        sys.exit(f"--names {unknown[0]!r} is unknown; choose from {', '.join(update.OPTIMIZERS)}.")
    gradients = trees.tree(command.elements, command.leaves, command.dtype)
    return {name: functools.partial(update.Update, name, gradients) for name in command.names}


def trainers(command: argparse.Namespace) -> dict[str, Callable[[], Callable[[], Any]]]:
    """Returns, by name, functions that create calls of 50 steps, bare and of the trainer."""
    config, makers = trainer.GPU, {}
    several, known = config.steps_per_call, {network[0] for network in config.networks}
    if unknown := sorted({*(command.networks or ())} - known):
        sys.exit(f"--networks {unknown[0]!r} is unknown; choose from {', '.join(sorted(known))}.")
    for network in config.networks:
        name, _, _, width, _ = network
        if command.networks and name not in command.networks:
            continue
        bare = functools.partial(trainer.bare, network, config.batch, several)
        makers[f"{name} {width}, {several} bare steps"] = bare
        own = functools.partial(trainer_call, config, network)
        makers[f"{name} {width}, {several} steps of the trainer"] = own
    return makers


def forms(command: argparse.Namespace) -> dict[str, Callable[[], Callable[[], Any]]]:
    """Returns, by name, functions that create the call of each form of Ada-nSGDA's update."""
    if command.side**2 % command.row:
        sys.exit(f"--row {command.row} does not divide the {command.side**2} elements of a leaf.")
    setting = command.side, command.row, command.dtype, not command.separate, 3
    names = [name for name in kernel_forms.FORMS if kernel_forms.fits(name, command.side)]
    return {name: functools.partial(kernel_forms.calls, name, *setting) for name in names}


def trainer_call(config: trainer.Config, network: trainer.Network) -> Callable[[], Any]:
    """Returns a call of several steps of the trainer."""
    _, side, channels, _, _ = network
    data = noise.make_noise(config.images, side, channels)
    return trainer.trainer_call(config, network, data, config.generators[0], config.steps_per_call)


def profile(run: Callable[[], Any], calls: int) -> list[Kernel]:
    """Returns the kernels of one call, those with the longest time first."""
    clock.wait(run())
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            for _ in range(calls):
                result = run()
            clock.wait(result)
        (path,) = Path(folder).rglob("*.xplane.pb")
        data = jax.profiler.ProfileData.from_file(str(path))
        return kernels(data, calls)


def kernels(data: Any, calls: int) -> list[Kernel]:
    """Returns the kernels of a profile of several calls, per call.

    Args:
      data: A `jax.profiler.ProfileData`.
      calls: Number of calls in the profile.
    """
    found: dict[str, list[float]] = collections.defaultdict(list)
    for plane in data.planes:
        for line in plane.lines if "GPU" in plane.name else ():
            for event in line.events if "Stream" in line.name else ():
                found[event.name].append(event.duration_ns / 1e3)
    each = [Kernel(n, len(times) / calls, sum(times) / calls) for n, times in found.items()]
    return sorted(each, key=lambda kernel: -kernel.microseconds)


def report(name: str, found: Sequence[Kernel], top: int) -> str:
    """Returns the title of an implementation and the table of its longest kernels."""
    count, busy = (sum(values) for values in ([k.count for k in found], [k[2] for k in found]))
    head = (f"{name}: {count:.0f} kernels, {busy:.0f} µs", "launches", "µs each", "µs")
    rows = [
        (f"`{k.name[:80]}`", f"{k.count:g}", f"{k.microseconds / k.count:.2f}", f"{k[2]:.1f}")
        for k in found[:top]
    ]
    return table.markdown(head, rows) + "\n"


MAKERS = {"update": updates, "trainer": trainers, "forms": forms}
"""Functions that return the calls of a suite, by its name."""


if __name__ == "__main__":
    main(parse())
