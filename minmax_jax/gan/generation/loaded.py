"""The generator of a run as a JAX function, for programs that use a trained GAN."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import core

from minmax_jax.gan import networks
from minmax_jax.gan.base.messages import Note, print_note, short
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.generation import generator as generator_lib
from minmax_jax.gan.generation import labels as labels_lib
from minmax_jax.gan.generation.latents import seeded_latents, truncate


@dataclasses.dataclass(frozen=True)
class LoadedGenerator:
    """A trained generator: `G(latents)`, or `G(latents, labels)` if it is conditional.

    The call is a pure JAX function: it works under `jit`, `grad`, `vmap` and `scan`.

    Attributes:
      pair: Networks of the run.
      params: Parameters, the moving average over training.
      stats: BatchNorm statistics of these parameters.
      step: Step of the checkpoint.
      config: Configuration of the run.
      data: Name, kind, sample shape, count and checksum of the training data.
      truncation: Bound to which latents are clipped, or None.
    """

    pair: networks.Pair
    params: Any
    stats: Any
    step: int
    config: Config
    data: dict[str, Any]
    truncation: float | None = None

    @property
    def latent_dim(self) -> int:
        """Dimension of the latent space."""
        return self.pair.latent_dim

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample: `(height, width, channels)`, or `(dimension,)`."""
        return self.pair.sample_shape

    @property
    def num_classes(self) -> int:
        """Number of classes, or 0 if the generator does not depend on the class."""
        return labels_lib.count_classes(self.pair)

    def __call__(self, latents: jax.Array, labels: Any = None) -> jax.Array:
        """Maps latents to samples.

        Args:
          latents: Standard normal latents `(n, latent_dim)`, for example from `latents`.
          labels: Class of each sample, ints `(n,)`, or one int for all. Only for conditional
            generators, which require it.

        Returns:
          float32 samples `(n, *sample_shape)`. Images are in −1…1, up to generators without a
          bounded output; `gan.to_uint8` converts them.

        Raises:
          ValueError: If the latents have another shape, or labels are missing, superfluous or out
            of range.
        """
        latents = jnp.asarray(latents, jnp.float32)
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ValueError(
                f"G: latents must have the shape (n, {self.latent_dim}), got {latents.shape}. "
                "Draw them with G.latents(n)."
            )
        labels = _check_labels(labels, latents.shape[0], self.num_classes)
        latents = truncate(latents, self.truncation)
        return apply(self.pair.generator, self.params, self.stats, latents, labels)

    def latents(self, num: int, *, seed: int = 0) -> jax.Array:
        """Returns the latents `(num, latent_dim)` of a seed, the same as in `gan.sample`."""
        return seeded_latents(self.latent_dim, num, seed=seed)

    def labels(self, num: int, *, seed: int = 0) -> jax.Array | None:
        """Returns random labels `(num,)`, the same as in `gan.sample`; None if unconditional."""
        weights = labels_lib.class_weights(self.config, self.data.get("class_counts"))
        return labels_lib.seeded_labels(self.pair, num, seed=seed, weights=weights)


def load(
    run_dir: str | Path,
    *,
    step: int | None = None,
    truncation: float | None = None,
    standing: int = 0,
    note: Note = print_note,
) -> LoadedGenerator:
    """Loads the trained generator of a run as a function of latents.

    Args:
      run_dir: Run folder.
      step: Step of the checkpoint. Default: the newest valid checkpoint.
      truncation: Clips latents to ±truncation, for more typical and less varied samples.
        BatchNorm statistics are computed for clipped latents. Default: no truncation.
      standing: Number of forward passes whose BatchNorm statistics are averaged with equal
        weights (BigGAN's standing statistics use 16). Default 0: a running average over 64
        passes, as in evaluations; with truncation, 16 passes.
      note: Called with one line per corrupt checkpoint. Default: prints to standard error.

    Example:
      >>> G = load("runs/digits", truncation=0.8)  # doctest: +SKIP
      >>> images = G(G.latents(16))  # doctest: +SKIP

    Raises:
      ConfigError: If the folder does not contain a run or a valid checkpoint, or an argument is
        out of range.
    """
    found = generator_lib.load_generator(
        run_dir, step=step, truncation=truncation, standing=standing, note=note
    )
    pair, params, stats, about, loaded_step, truncation = found
    return LoadedGenerator(pair, params, stats, loaded_step, about.config, about.data, truncation)


def _check_labels(labels: Any, num: int, num_classes: int) -> jax.Array | None:
    """Returns int32 labels `(num,)`, or None for an unconditional generator."""
    if labels is None:
        if num_classes:
            raise ValueError(
                f"G: a conditional generator requires labels, got None. Pass ints from 0 to "
                f"{num_classes - 1}, one per latent, or one for all."
            )
        return None
    if not num_classes:
        raise ValueError("G: the generator is not conditional. Call it without labels.")
    array = jnp.asarray(labels)
    if not jnp.issubdtype(array.dtype, jnp.integer) or array.shape not in ((), (num,)):
        raise ValueError(
            f"G: labels must be one int or {num} ints, got {array.dtype}{list(array.shape)}."
        )
    if not isinstance(array, core.Tracer):
        values = np.asarray(array)
        if values.size and not (values.min() >= 0 and values.max() < num_classes):
            raise ValueError(f"G: labels must be from 0 to {num_classes - 1}, got {short(labels)}.")
    return jnp.broadcast_to(array.astype(jnp.int32), (num,))


def apply(
    network: networks.Network, params: Any, stats: Any, latents: jax.Array, labels: Any
) -> jax.Array:
    """Applies a generator to latents, and to labels if it takes them, in one pass.

    The function is compiled once per network and serves the parameters of all steps.
    """
    conditions = networks.labels_option(network, labels)
    return _apply(network.apply, params, stats, latents, conditions)


@functools.partial(jax.jit, static_argnums=0)
def _apply(
    network_apply: Callable[..., Any],
    params: Any,
    stats: Any,
    latents: jax.Array,
    conditions: dict[str, jax.Array],
) -> jax.Array:
    return network_apply(params, stats, latents, train=False, **conditions)[0]
