"""Samples and walks through latent space from the averaged generator of a run."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax.gan import data as data_lib
from minmax_jax.gan import networks
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.generation import image_io
from minmax_jax.gan.run import checkpoint, run_folder
from minmax_jax.gan.training import build

CHUNK = 256
"""Latents that pass through the generator at once."""

_SETTLE_PASSES = 64  # of the old statistics 0.9⁶⁴ = 0.1 % remain


def _warn(message: str) -> None:
    print(message, file=sys.stderr)


def draw(pair: networks.Pair, params: Any, stats: Any, num: int, *, seed: int = 0) -> np.ndarray:
    """Draws `num` examples from a generator; example i depends on (seed, i) alone.

    Args:
      pair: networks built without an axis name.
      params: the generator's parameters, the moving average as a rule.
      stats: BatchNorm statistics that go with them, see `settle`.
      num: how many.
      seed: seed of the latents.

    Returns:
      float32 of shape `(num, *sample_shape)`, images in [-1, 1].
    """
    return generate(pair, params, stats, latents(pair.latent_dim, num, seed=seed))


def latents(latent_dim: int, num: int, *, seed: int = 0, start: int = 0) -> jax.Array:
    """Returns the normal latents number `start`, `start + 1`, … of a seed: `(num, latent_dim)`."""
    return data_lib.latents(jax.random.key(seed), jnp.arange(start, start + num), latent_dim)


def generate(pair: networks.Pair, params: Any, stats: Any, inputs: jax.Array) -> np.ndarray:
    """Returns the generator's examples of latents `(n, latent_dim)`, `CHUNK` at a time."""
    missing = -len(inputs) % CHUNK  # one compiled shape, and an example is the same in any company
    padded = jnp.pad(inputs, ((0, missing), (0, 0))).reshape(-1, CHUNK, pair.latent_dim)
    chunks = [_examples(pair.generator.apply, params, stats, chunk) for chunk in padded]
    return np.concatenate([np.asarray(chunk) for chunk in chunks])[: len(inputs)]


# Compiled once for a network, whatever its parameters: those of another run too.
@functools.partial(jax.jit, static_argnums=0)
def _examples(apply: Callable[..., Any], params: Any, stats: Any, inputs: jax.Array) -> jax.Array:
    return apply(params, stats, inputs, train=False)[0]


@functools.partial(jax.jit, static_argnums=0)
def _statistics(
    apply: Callable[..., Any], params: Any, stats: Any, inputs: jax.Array, keys: jax.Array
) -> Any:
    return apply(params, stats, inputs, train=True, keys=keys)[1]


def walk(starts: jax.Array, ends: jax.Array, num_frames: int, *, loop: bool) -> jax.Array:
    """Returns latents on the arcs `cos(t) · start + sin(t) · end`: `(n, frames, latent_dim)`.

    If start and end are independent and normal, so is each point between, as points on the
    straight line are not: they are too short. In many dimensions, where two such latents
    are orthogonal and of one length, the arc is the great circle through them.

    Args:
      starts: `(n, latent_dim)`.
      ends: likewise.
      num_frames: points on each arc.
      loop: the whole circle, without its end, which is its start; else the quarter of it
        from start to end, with both.
    """
    turn = jnp.arange(num_frames) / num_frames * 4 if loop else jnp.linspace(0, 1, num_frames)
    angle = (turn * jnp.pi / 2)[None, :, None]
    return jnp.cos(angle) * starts[:, None] + jnp.sin(angle) * ends[:, None]


def settle(pair: networks.Pair, params: Any, stats: Any) -> Any:
    """Returns BatchNorm statistics that belong to averaged parameters.

    The running statistics were taken from the live generator, whose activations differ
    from the average's; a few training passes bring them to its own.
    """
    if not jax.tree.leaves(stats):
        return stats
    keys = jax.random.split(jax.random.key(0), CHUNK)  # for generators with dropout
    for index in range(_SETTLE_PASSES):
        inputs = latents(pair.latent_dim, CHUNK, start=index * CHUNK)
        stats = _statistics(pair.generator.apply, params, stats, inputs, keys)
    return stats


class Generator(NamedTuple):
    """The averaged generator of a checkpoint.

    Attributes:
      pair: the run's networks.
      params: the generator's averaged parameters.
      stats: BatchNorm statistics that go with them.
      about: configuration and data of the run.
      step: the checkpoint's.
    """

    pair: networks.Pair
    params: Any
    stats: Any
    about: run_folder.About
    step: int

    def examples(self, inputs: jax.Array) -> np.ndarray:
        """Maps latents `(n, latent_dim)` to uint8 images or float32 vectors."""
        samples = generate(self.pair, self.params, self.stats, inputs)
        return image_io.to_uint8(samples) if self.about.data["kind"] == "image" else samples


def load(
    run_dir: str | Path, *, step: int | None = None, note: Callable[[str], None] = _warn
) -> Generator:
    """Reads the averaged generator of a run.

    Args:
      run_dir: the run folder.
      step: which checkpoint; the newest by default.
      note: called with a line for each damaged checkpoint, standard error by default.

    Raises:
      ConfigError: the folder holds no run, or no such checkpoint that can be read.
    """
    folder = Path(run_dir)
    about = run_folder.read(folder)
    found = checkpoint.Checkpoints(folder / "checkpoints", note).restore(step)
    if found is None:
        raise ConfigError(f"{folder} has no checkpoint yet; train it first")
    pair = build.build_pair(about.config, about.data["shape"])
    params = checkpoint.fill(pair.generator.params, found[1], "ema")
    stats = checkpoint.fill(pair.generator.stats, found[1], "stats/min")
    return Generator(pair, params, settle(pair, params, stats), about, found[0])


def sample(run_dir: str | Path, num: int, *, seed: int = 0, step: int | None = None) -> np.ndarray:
    """Draws examples from a checkpoint of a run; the same latents for the same seed in any run.

    Args:
      run_dir: the run folder.
      num: how many.
      seed: seed of the latents.
      step: which checkpoint; the newest by default.

    Returns:
      uint8 images `(num, height, width, channels)`, or float32 vectors `(num, d)`.

    Raises:
      ConfigError: the folder holds no run, or no such checkpoint that can be read.
    """
    check_count("num", num)
    generator = load(run_dir, step=step)
    return generator.examples(latents(generator.pair.latent_dim, num, seed=seed))


def interpolate(
    run_dir: str | Path,
    num: int = 8,
    *,
    num_frames: int = 10,
    loop: bool = False,
    seed: int = 0,
    step: int | None = None,
) -> np.ndarray:
    """Draws walks through latent space, on the arcs of `walk`.

    Args:
      run_dir: the run folder.
      num: how many walks; walk i starts at latent i of the seed and goes to latent num + i.
      num_frames: examples on each walk.
      loop: come back to the start, on the whole circle.
      seed: seed of the latents.
      step: which checkpoint; the newest by default.

    Returns:
      uint8 images `(num, num_frames, height, width, channels)`, or float32 vectors
      `(num, num_frames, d)`; `pictures.write` makes a picture or a film of them.

    Raises:
      ConfigError: as `sample`.
    """
    check_count("num", num)
    check_count("num_frames", num_frames, 2)
    generator = load(run_dir, step=step)
    ends = latents(generator.pair.latent_dim, 2 * num, seed=seed)
    arcs = walk(ends[:num], ends[num:], num_frames, loop=loop)
    flat = generator.examples(arcs.reshape(num * num_frames, -1))
    return flat.reshape(num, num_frames, *flat.shape[1:])


def check_count(name: str, value: int, at_least: int = 1) -> None:
    """Raises `ConfigError` if a count is too small."""
    if value < at_least:
        raise ConfigError(f"{name}={value} is out of range; give at least {at_least}")
