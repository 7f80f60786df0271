"""A run in another process, and what can be observed of it from outside.

    python -m benchmarks.stream_run FIELDS

trains the configuration with the given fields (JSON). The network `colors` costs next to nothing:
its generator draws one color, and its discriminator sees the mean of few pixels, so that
nothing else is converted to floats.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BATCH = 64
CHEAP = {"network": "colors", "latent_dim": 4, "optimizer": "sgda"}
"""Fields of a run that spends nearly all of its time on its images."""


def register_network() -> None:
    """Registers the network `colors`."""
    import jax
    import jax.numpy as jnp
    from flax import nnx

    from minmax_jax import gan

    class Generator(nnx.Module):
        def __init__(self, shape: tuple[int, ...], latent_dim: int, rngs: Any) -> None:
            self.shape, self.layer = shape, nnx.Linear(latent_dim, shape[-1], rngs=rngs)

        def __call__(self, latents: Any, *, train: bool) -> Any:
            del train
            colors = self.layer(latents)[:, None, None]
            return jnp.broadcast_to(colors, (len(latents), *self.shape))

    class Discriminator(nnx.Module):
        def __init__(self, shape: tuple[int, ...], rngs: Any) -> None:
            self.layer = nnx.Linear(shape[-1], 1, rngs=rngs)

        def __call__(self, images: Any, *, train: bool) -> Any:
            del train
            # A derivative with respect to the images would cost as much as decoding them.
            pixels = jax.lax.stop_gradient(images[:, ::16, ::16])
            return self.layer(pixels.mean(axis=(1, 2)))[:, 0]

    def pair(shape: tuple[int, ...], *, latent_dim: int, rngs: Any, **options: Any) -> Any:
        del options
        networks = Generator(shape, latent_dim, rngs), Discriminator(shape, rngs)
        return tuple(gan.purify(network) for network in networks)

    gan.NETWORKS.register("colors", pair)


def watch(
    fields: dict[str, Any], log: Path, observe: Callable[[Any], Any], seconds: float
) -> list[Any]:
    """Trains in another process, and returns what `observe` returns of it at regular times.

    Args:
      fields: Fields of the configuration.
      log: File that receives the messages of the run.
      observe: Function of the process (`psutil.Process`).
      seconds: Time between two observations.

    Raises:
      SystemExit: If the run fails.
    """
    import psutil

    command = [sys.executable, "-m", "benchmarks.stream_run", json.dumps(fields)]
    with log.open("a") as errors:
        process, found = psutil.Popen(command, stderr=errors), []
        try:
            while process.poll() is None:
                found.append(observe(process))
                time.sleep(seconds)
        finally:
            if process.poll() is None:
                process.terminate()  # It saves its state.
                process.wait()
    if process.returncode not in (0, 143):  # 143: it was asked to end, and has saved its state.
        raise SystemExit("\n".join(log.read_text().splitlines()[-5:]))
    return found


def images_read(out: Path) -> int:
    """Returns the number of images on which a run has trained, from its log."""
    path = out / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    try:
        return BATCH * json.loads(lines[-1])["step"] if lines else 0
    except ValueError:  # The last line is not complete yet.
        return BATCH * json.loads(lines[-2])["step"] if len(lines) > 1 else 0


def family(process: Any) -> list[Any]:
    """Returns a process and its children, as far as they still exist."""
    import psutil

    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return [process]


def main(fields: dict[str, Any]) -> None:
    """Trains."""
    from minmax_jax import gan

    register_network()
    gan.train(gan.preset("digits", **{"batch_size": BATCH, "evaluate": 0, **fields}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
