"""Suite `trainer`: cost of the trainer's step relative to a bare training step.

The trainer's step also draws the batch from device memory and the latents, averages the
generator, and checks that the update is finite. It is timed with three random number
generators and with several steps per compiled call. Seconds are per step.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

import minmax_jax as mm
from benchmarks import bars, clock, noise, step, table
from minmax_jax import gan

REFERENCE = "bare step"


@dataclasses.dataclass(frozen=True)
class Config:
    """Network as (name, side, channels, width, latent dimension), batch size and data."""

    network: tuple[str, int, int, int, int] = ("dcgan", 28, 1, 32, 64)
    batch: int = 64
    images: int = 60_000
    generators: tuple[str, ...] = ("threefry2x32", "rbg", "unsafe_rbg")
    steps_per_call: int = 10
    rounds: int = 15


QUICK = Config(
    network=("dcgan", 8, 1, 4, 4),
    batch=4,
    images=64,
    generators=("rbg",),
    steps_per_call=2,
    rounds=2,
)


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Times every form of the trainer's step, interleaved with the bare step."""
    _, side, channels, _, _ = config.network
    data = noise.make_noise(config.images, side, channels)
    cases = {REFERENCE: (bare(config), 1)}
    for generator in config.generators:
        note(f"trainer: {generator}")
        cases[f"mm.gan, {generator}"] = trainer_call(config, data, generator, 1), 1
    several = config.steps_per_call
    name = f"mm.gan, {config.generators[0]}, {several} steps per call"
    cases[name] = trainer_call(config, data, config.generators[0], several), several
    times = clock.interleave({name: one for name, (one, _) in cases.items()}, config.rounds)
    each = {
        name: [elapsed / cases[name][1] for elapsed in seconds] for name, seconds in times.items()
    }
    return {"config": dataclasses.asdict(config), "forms": clock.compare(each, REFERENCE)}


def bare(config: Config) -> Callable[[], Any]:
    """Returns a step of simultaneous Adam on a fixed batch."""
    pair = step.build(*config.network)
    z, batch = step.players_of(pair), step.zeros(pair, config.batch)
    optimizer = step.optimizers()["simultaneous"]
    return step.Runner(step.library_step(pair, optimizer), (z, optimizer.init(z)), batch)


def trainer_call(
    config: Config, data: gan.Data, generator: str, steps_per_call: int
) -> Callable[[], Any]:
    """Returns a call of the trainer's program; each continues from the last one."""
    network, _, _, width, latent_dim = config.network
    settings = gan.preset(
        "digits",
        network=network,
        width=width,
        latent_dim=latent_dim,
        batch_size=config.batch,
        steps_per_call=steps_per_call,
    )
    devices = jax.devices()[:1]
    with jax.default_prng_impl(generator):
        game, optimizer = gan.build_game(settings, data, 1)
        program = gan.compile_program(game, optimizer, settings, devices)
        state = mm.parallel.replicate(gan.init_state(game, optimizer), devices)
        images, seed = gan.put_on_devices(data, devices), np.uint32(0)
        call = program.advance.lower(state, images, seed, np.int32(1)).compile()

    def advance() -> Any:
        nonlocal state
        until = np.int32(int(state.step[0]) + steps_per_call)
        state, quantities = call(state, images, seed, until)
        return quantities

    return advance


def report(result: dict[str, Any]) -> str:
    """Returns a table of ratios and times."""
    rows = [
        (name, str(clock.ratio(found)), f"{1e3 * found['seconds']:.1f}")
        for name, found in result["forms"].items()
    ]
    name, _, _, width, _ = result["config"]["network"]
    head = (
        f"{name} of width {width}, `adam_gda`",
        f"time relative to the {REFERENCE}",
        "ms per step",
    )
    return table.markdown(head, rows)


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the time of every form relative to the bare step."""
    ratios = {name: clock.ratio(found) for name, found in result["forms"].items()}
    bars.draw({"training step of the trainer": ratios}, f"time relative to the {REFERENCE}", path)
