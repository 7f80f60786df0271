"""Suite `trainer`: cost of the trainer's step relative to a bare training step.

The trainer's step also draws the batch from device memory and the latents, averages the
generator, and checks that the update is finite. It is timed with one step and with several steps
per compiled call, relative to a bare step with one and with the same number of steps per call.
Seconds are per step.
"""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import minmax_jax as mm
from benchmarks import bars, clock, noise, step, store, table
from minmax_jax import gan

Network = tuple[str, int, int, int, int]
"""Name, side, channels, width and latent dimension."""

SINGLE = "bare step"


@dataclasses.dataclass(frozen=True)
class Config:
    """Networks, batch size, data, steps per call of the loops, and generators to compare.

    A turn has `calls` calls.
    """

    networks: tuple[Network, ...] = (("mlp", 28, 1, 256, 64), ("dcgan", 28, 1, 32, 64))
    batch: int = 64
    images: int = 60_000
    generators: tuple[str, ...] = ("threefry2x32", "rbg", "unsafe_rbg")
    steps_per_call: int = 50
    rounds: int = 15
    calls: int = 1


GPU = Config(
    networks=(
        ("mlp", 28, 1, 256, 64),
        ("dcgan", 28, 1, 32, 64),
        ("dcgan", 32, 3, 64, 128),
        ("resnet", 32, 3, 128, 128),
    ),
    generators=("threefry2x32", "rbg"),
    rounds=7,
    calls=10,
)
"""Configuration on a GPU, where a wait after every call would take as long as a small step."""

QUICK = Config(
    networks=(("dcgan", 8, 1, 4, 4),),
    batch=4,
    images=64,
    generators=("rbg",),
    steps_per_call=2,
    rounds=2,
)


def run(
    config: Config, note: Callable[[str], None], keep: store.Keep = store.measure
) -> dict[str, Any]:
    """Times every form of the trainer's step, interleaved with the bare steps."""
    names = [network[0] for network in config.networks]
    found = {}
    for network in config.networks:
        name, _, _, width, _ = network
        label = name if names.count(name) == 1 else f"{name} {width}"
        note(f"trainer: {label}")
        found[label] = keep(label, functools.partial(measure, config, network))
    return {"config": dataclasses.asdict(config), "networks": found}


def measure(config: Config, network: Network) -> dict[str, Any]:
    """Returns the times of every form for one network."""
    _, side, channels, _, _ = network
    cases = forms(config, network, noise.make_noise(config.images, side, channels))
    calls = {form: one for form, (one, _) in cases.items()}
    times = clock.interleave(calls, config.rounds, calls=config.calls, untimed=1)
    each = {
        form: [elapsed / cases[form][1] for elapsed in seconds] for form, seconds in times.items()
    }
    references = (SINGLE, looped(SINGLE, config))
    return {
        "network": network,
        "forms": {reference: clock.compare(each, reference) for reference in references},
    }


def looped(form: str, config: Config) -> str:
    """Returns the name of a form with several steps per call."""
    return f"{form}, {config.steps_per_call} per call"


def forms(
    config: Config, network: Network, data: gan.Data
) -> dict[str, tuple[Callable[[], Any], int]]:
    """Returns a call of each form, and its number of steps."""
    several, call = config.steps_per_call, functools.partial(trainer_call, config, network, data)
    makers: dict[str, tuple[Callable[[], Any], int]] = {
        SINGLE: (lambda: bare(network, config.batch, 1), 1),
        looped(SINGLE, config): (lambda: bare(network, config.batch, several), several),
    }
    for generator in config.generators:
        makers[f"mm.gan, {generator}"] = functools.partial(call, generator, 1), 1
    form = looped(f"mm.gan, {config.generators[0]}", config)
    makers[form] = functools.partial(call, config.generators[0], several), several
    made = clock.make_all({form: make for form, (make, _) in makers.items()})
    return {form: (one, makers[form][1]) for form, one in made.items()}


def bare(network: Network, batch_size: int, steps: int) -> Callable[[], Any]:
    """Returns a call of `steps` steps of simultaneous Adam on a fixed batch."""
    pair = step.build(*network)
    z, batch = step.players_of(pair), step.zeros(pair, batch_size)
    optimizer = step.optimizers()["simultaneous"]
    one = step.library_step(pair, optimizer)

    def many(z: Any, state: Any, batch: Any) -> Any:
        return lax.fori_loop(0, steps, lambda _, kept: one(*kept, batch), (z, state))

    return step.Runner(one if steps == 1 else many, (z, optimizer.init(z)), batch)


def configure(network: Network, batch_size: int, steps_per_call: int) -> gan.Config:
    """Returns the configuration of the trainer for one network."""
    name, _, _, width, latent_dim = network
    return gan.preset(
        "digits",
        network=name,
        width=width,
        latent_dim=latent_dim,
        batch_size=batch_size,
        steps_per_call=steps_per_call,
    )


def trainer_call(
    config: Config, network: Network, data: gan.Data, generator: str, steps_per_call: int
) -> Callable[[], Any]:
    """Returns a call of the trainer's program; each continues from the last one."""
    settings = configure(network, config.batch, steps_per_call)
    devices = jax.devices()[:1]
    whole = NamedSharding(Mesh(np.asarray(devices), (mm.parallel.AXIS,)), PartitionSpec())
    with jax.default_prng_impl(generator):
        game, optimizer = gan.build_game(settings, data, 1)
        program = gan.compile_program(game, optimizer, settings, devices)
        state = mm.parallel.replicate(gan.init_state(game, optimizer), devices)
        images = gan.put_on_devices(data, devices)
        seed = jax.device_put(jnp.uint32(0), whole)
        call = program.advance.lower(state, images, seed, np.int32(1)).compile()
    until = 0

    def advance() -> Any:
        # The number of steps is counted here, because reading it from the state would wait for
        # the devices before each call.
        nonlocal state, until
        until += steps_per_call
        state, quantities = call(state, images, seed, np.int32(until))
        return quantities

    return advance


def report(result: dict[str, Any]) -> str:
    """Returns a table of ratios and times."""
    rows = []
    for name, found in result["networks"].items():
        first, second = found["forms"].values()
        for form in first:
            ratios = [str(clock.ratio(compared[form])) for compared in (first, second)]
            rows.append((f"{name}, {form}", *ratios, f"{1e3 * first[form]['seconds']:.2f}"))
    several = result["config"]["steps_per_call"]
    head = (
        "`adam_gda`",
        f"time relative to the {SINGLE}",
        f"relative to the {SINGLE}, {several} per call",
        "ms per step",
    )
    return table.markdown(head, rows)


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the time of every form relative to the bare step."""
    panels = {
        name: {form: clock.ratio(one) for form, one in found["forms"][SINGLE].items()}
        for name, found in result["networks"].items()
    }
    bars.draw(panels, f"time relative to the {SINGLE}", path)
