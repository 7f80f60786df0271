"""Samples from the averaged generator of a run, as arrays, as a picture or as a file."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.figure
import numpy as np
from PIL import Image

from minmax_jax.gan import build, checkpoint, data, networks, rundir
from minmax_jax.gan import config as config_lib

CHUNK = 256
"""Latents that pass through the generator at once."""

_SETTLE_PASSES = 32


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
    key = jax.random.key(seed)
    apply = jax.jit(lambda latents: pair.generator.apply(params, stats, latents, train=False)[0])
    chunks = []
    for start in range(0, num, CHUNK):
        latents = data.latents(key, jnp.arange(start, start + CHUNK), pair.latent_dim)
        chunks.append(np.asarray(apply(latents)))
    return np.concatenate(chunks)[:num]


def settle(pair: networks.Pair, params: Any, stats: Any) -> Any:
    """Returns BatchNorm statistics that belong to averaged parameters.

    The running statistics were taken from the live generator, whose activations differ
    from the average's; a few training passes bring them to its own.
    """
    if not jax.tree.leaves(stats):
        return stats
    key = jax.random.key(0)
    step: Callable[[Any, jax.Array], Any] = jax.jit(
        lambda stats, latents: pair.generator.apply(params, stats, latents, train=True)[1]
    )
    for index in range(_SETTLE_PASSES):
        indices = jnp.arange(index * CHUNK, (index + 1) * CHUNK)
        stats = step(stats, data.latents(key, indices, pair.latent_dim))
    return stats


def sample(run_dir: str | Path, num: int, *, seed: int = 0) -> np.ndarray:
    """Draws examples from the newest checkpoint of a run.

    Args:
      run_dir: the run folder.
      num: how many.
      seed: seed of the latents.

    Returns:
      uint8 images `(num, height, width, channels)`, or float32 vectors `(num, d)`.

    Raises:
      ConfigError: the folder holds no run, or no checkpoint that can be read.
    """
    folder = Path(run_dir)
    if num < 1:
        raise config_lib.ConfigError(f"num={num} is out of range; give at least 1")
    about = rundir.read(folder)
    found = checkpoint.Checkpoints(folder / "checkpoints", _warn).restore()
    if found is None:
        raise config_lib.ConfigError(f"{folder} has no checkpoint yet; train it first")
    pair = build.build_pair(about.config, about.data["shape"])
    params = checkpoint.fill(pair.generator.params, found[1], "ema")
    stats = checkpoint.fill(pair.generator.stats, found[1], "stats/min")
    samples = draw(pair, params, settle(pair, params, stats), num, seed=seed)
    return to_uint8(samples) if about.data["kind"] == "image" else samples


def _warn(message: str) -> None:
    print(message, file=sys.stderr)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Returns images in [-1, 1] as uint8."""
    return np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8)


def grid(images: np.ndarray, *, side: int = 640) -> Image.Image:
    """Returns uint8 images `(n, height, width, channels)` as one picture, pixels enlarged.

    Args:
      images: what to show, row by row in a grid as square as can be.
      side: the picture is enlarged by whole factors up to about this many pixels.
    """
    num, height, width, channels = images.shape
    columns = int(np.ceil(np.sqrt(num)))
    rows = int(np.ceil(num / columns))
    scale = max(1, side // (columns * (width + 1)))
    canvas = np.full(
        (rows * columns, height * scale + 2, width * scale + 2, channels), 255, np.uint8
    )
    canvas[:num, 1:-1, 1:-1] = images.repeat(scale, axis=1).repeat(scale, axis=2)
    canvas = canvas.reshape(rows, columns, *canvas.shape[1:]).swapaxes(1, 2)
    canvas = canvas.reshape(rows * (height * scale + 2), columns * (width * scale + 2), channels)
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas)


def scatter(samples: np.ndarray, real: np.ndarray | None = None) -> matplotlib.figure.Figure:
    """Returns the first two coordinates of vectors as points, real examples beneath."""
    figure = matplotlib.figure.Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    if real is not None:
        axes.scatter(*real[:, :2].T, s=4, color="0.75", label="data")
    axes.scatter(*samples[:, :2].T, s=4, color="tab:blue", label="generator")
    axes.set_aspect("equal", "datalim")
    axes.legend(loc="upper right")
    return figure


def check_file(path: str | Path) -> Path:
    """Returns the path of a file to `write`.

    Raises:
      ConfigError: its name ends neither in .png nor in .npz.
    """
    path = Path(path)
    if path.suffix not in (".png", ".npz"):
        raise config_lib.ConfigError(f"out={path}: the name must end in .png or .npz")
    return path


def write(samples: np.ndarray, path: str | Path) -> None:
    """Writes what `sample` returned as a picture (.png) or as an array `samples` (.npz).

    Raises:
      ConfigError: as `check_file`.
    """
    path = check_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        np.savez_compressed(path, samples=samples)
    elif samples.ndim == 4:
        grid(samples).save(path)
    else:
        scatter(samples).savefig(path, dpi=120)
