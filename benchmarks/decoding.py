"""Suite `decoding`: processor time to decode an image, next to training steps.

Decoding is measured in one thread, with the functions that worker processes call: images from
Arrow files, and images that are decoded once (`--cache-decoded`). The steps are those of the
trainer on images in memory. Processor time hardly depends on the load of the machine. The suite
`streaming` measures whole runs, with worker processes.
"""

import dataclasses
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks import noise, store, stream_sets, streaming, table, trainer
from minmax_jax import gan

DECODED_ONCE = "decoded once"


@dataclasses.dataclass(frozen=True)
class Config:
    """Sets of images, networks, and numbers of images and steps.

    Attributes:
      sets: Mapping from a name to the arguments of `stream_sets.make`.
      networks: Networks as (name, side, channels, width, latent dimension).
      count: Number of images that are decoded for a measurement.
      steps: Number of steps of a measurement, for each network.
      batch: Batch size.
    """

    sets: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("32×32×3, PNG", (500, 32, 3, "PNG")),
        ("64×64×3, JPEG", (500, 64, 3, "JPEG")),
        ("256×256×3, JPEG", (200, 256, 3, "JPEG")),
    )
    networks: tuple[trainer.Network, ...] = (("mlp", 32, 3, 64, 64), ("dcgan", 32, 3, 32, 64))
    count: int = 2_000
    steps: tuple[int, ...] = (60, 4)
    batch: int = 64


QUICK = Config(
    sets=(("8×8×1, PNG", (40, 8, 1, "PNG")),),
    networks=(("mlp", 8, 1, 4, 4),),
    count=20,
    steps=(2,),
    batch=4,
)


def run(
    config: Config, note: Callable[[str], None], keep: store.Keep = store.measure
) -> dict[str, Any]:
    """Measures all sets and all networks."""
    found: dict[str, Any] = {"images": {}, "steps": {}}
    for network, steps in zip(config.networks, config.steps, strict=True):
        note(f"decoding: step of {network[0]}")
        found["steps"][network[0]] = keep(
            f"step, {network}", lambda network=network, steps=steps: step(config, network, steps)
        )
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in config.sets:
            note(f"decoding: {name}")
            found["images"][name] = keep(
                name, lambda arguments=arguments: images(config, Path(folder), arguments)
            )
    return {"config": dataclasses.asdict(config), **found}


def images(config: Config, folder: Path, arguments: tuple[Any, ...]) -> dict[str, float]:
    """Returns microseconds of processor time per image: decoded, and decoded once."""
    data = str(stream_sets.make(folder, *arguments))
    fields = {"data": data, "stream": True, "stream_workers": 0, "steps": 1}
    found = {}
    for form, cache in (("decoded", ""), (DECODED_ONCE, str(folder / "decoded"))):
        lazy: Any = gan.preset("digits", **fields, cache_decoded=cache).data.load().images
        rows = np.random.default_rng(0).integers(0, len(lazy), (config.count // 20, 20))
        lazy[rows[0]]
        began = time.process_time()
        for some in rows:
            lazy[some]
        found[form] = round(1e6 * (time.process_time() - began) / rows.size, 2)
    return found


def step(config: Config, network: trainer.Network, steps: int) -> float:
    """Returns microseconds of processor time per image of a training step."""
    side, channels = network[1:3]
    data = noise.make_noise(4 * config.batch, side, channels)
    options = trainer.Config(networks=(network,), batch=config.batch)
    call = trainer.trainer_call(options, network, data, "threefry2x32", 1)
    jax.block_until_ready(call())
    began = time.process_time()
    for _ in range(steps):
        jax.block_until_ready(call())
    return round(1e6 * (time.process_time() - began) / steps / config.batch, 2)


def report(result: dict[str, Any]) -> str:
    """Returns tables of the ratios, and of the cores that an H100 needs."""
    rows = []
    for name, forms in result["images"].items():
        for form, cost in forms.items():
            ratios = [
                # Steps on images of another size cost more or less.
                _ratio(result["steps"][network] / cost) if name.startswith(f"{side}×") else "–"
                for network, side, *_ in result["config"]["networks"]
            ]
            rows.append((f"{name}, {form}", f"{cost:.0f}", *ratios))
    head = ("images", "µs per image", *(f"{name} step / decoding" for name in result["steps"]))
    text = table.markdown(head, rows)
    first = next(iter(result["images"].values()))
    head = ("step on an H100, 32×32×3", "images/s", *(f"cores, {form}" for form in first))
    return f"{text}\n\n{table.markdown(head, streaming.cores(first.values()))}"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"
