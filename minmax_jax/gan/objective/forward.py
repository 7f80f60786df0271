"""Forward pass of both networks on one microbatch, and the samples for it.

All randomness derives from the step's key, the sample index `draw` and the index of the
example in the global batch. So one device and eight devices use the same batches, and a
resumed run repeats the uninterrupted one.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import networks
from minmax_jax.gan.objective import fake_labels as fake_labels_lib
from minmax_jax.gan.objective import losses, penalties
from minmax_jax.gan.objective import mirror as mirror_lib
from minmax_jax.gan.objective.augmentation import Augmentation


class Game(NamedTuple):
    """Networks, loss and batch of a GAN, constant during a run.

    Attributes:
      pair: The two networks.
      loss: Loss of each player, as a function of logits.
      penalty: Penalty in the discriminator's loss, or None.
      batch_size: Number of examples in the global batch.
      num_devices: Number of devices among which the batch is divided.
      microbatches: Number of microbatches per device.
      axis_name: Mapped axis of the devices, or None for one device outside of such a map.
      one_pass: Whether real and generated examples go through the discriminator at once, if it
        supports that. It is slower for a method that uses the generator's gradient alone, such
        as alternating updates.
      fake_labels: Function in `FAKE_LABELS` that draws the labels of generated examples. It is
        used if a network of `pair` takes labels.
      augmentation: Transformations of what the discriminator receives, or None.
      mirror: Whether the dataset stands for itself and a mirrored copy of each image.
    """

    pair: networks.Pair
    loss: losses.Loss
    penalty: penalties.Penalty | None
    batch_size: int
    num_devices: int
    microbatches: int = 1
    axis_name: str | None = parallel.AXIS
    one_pass: bool = True
    fake_labels: Callable[[fake_labels_lib.LabelSource], jax.Array] = fake_labels_lib.frequencies
    augmentation: Augmentation | None = None
    mirror: bool = False


class Samples(NamedTuple):
    """Random inputs of one field or payoff evaluation: one microbatch of one device.

    Attributes:
      real: Examples of the dataset.
      latents: Latents of the generator.
      mix: Uniform random number per pair of examples, for the gradient penalty.
      dropout_keys: One PRNG key per example and application of a network.
      labels: Classes of `real`, int32 `(batch,)`, or None if no network takes labels.
      fake_labels: Classes that the generator is asked for, or None.
      augmentation: Random numbers of the augmentation, for the real and the generated examples,
        or None without it.
    """

    real: jax.Array
    latents: jax.Array
    mix: jax.Array
    dropout_keys: jax.Array
    labels: jax.Array | None = None
    fake_labels: jax.Array | None = None
    augmentation: tuple[Any, Any] | None = None


class Outputs(NamedTuple):
    """Outputs of both networks on one microbatch of one device.

    Attributes:
      real: Examples of the dataset.
      fake: Examples of the generator.
      real_logits: Logits of the discriminator for `real`.
      fake_logits: Logits of the discriminator for `fake`.
      mix: Uniform random number per pair of examples, for the gradient penalty.
      discriminator: Function `(inputs, labels)` that returns logits, for the penalty. Its argument
        `labels` defaults to the classes of `real`. It uses the BatchNorm statistics and
        spectral-normalization vectors after the pass over `real`.
      stats: BatchNorm statistics and spectral-normalization vectors of both networks after the
        forward pass.
      labels: Classes of `real`, or None.
      fake_labels: Classes of `fake`, or None.
    """

    real: jax.Array
    fake: jax.Array
    real_logits: jax.Array
    fake_logits: jax.Array
    mix: jax.Array
    discriminator: penalties.Discriminator
    stats: mm.Players
    labels: jax.Array | None = None
    fake_labels: jax.Array | None = None


def samples_fn(game: Game, images: Any, key: jax.Array) -> Callable[..., Samples]:
    """Returns the function that draws the samples of one step: `(draw, part=0) -> Samples`.

    Draw once per field evaluation and pass the samples to the losses of both players. XLA would
    not merge two equal draws on CPU, where a PRNG is a loop, nor the forward passes after them.

    Args:
      game: Networks and batch size.
      images: Dataset, or this device's shard of it: images, or `Examples` with labels.
      key: PRNG key of the step. The returned function folds its argument `draw` into it.

    Returns:
      A function of the sample index and the index of the microbatch.
    """
    size = game.batch_size // (game.num_devices * game.microbatches)
    device = 0 if game.axis_name is None else lax.axis_index(game.axis_name)
    first = device * game.microbatches
    examples = data_lib.as_examples(images)
    if not game.pair.takes_labels:
        examples = examples._replace(labels=None)
    elif examples.labels is None:
        raise ValueError(
            f"samples_fn: images must have labels for {game.pair.num_classes} classes, got images "
            "alone. Pass Examples(images, labels), as put_on_devices(..., labels=True) returns."
        )

    def samples(draw: int | jax.Array, part: int | jax.Array = 0) -> Samples:
        indices = (first + part) * size + jnp.arange(size)
        draw_key = jax.random.fold_in(key, draw)
        keys = jax.random.split(draw_key, 4)
        drawn = data_lib.microbatch(examples, keys[0], indices, draw, part)
        real = drawn.images
        return Samples(
            real=mirror_lib.mirrored(real, draw_key, indices) if game.mirror else real,
            latents=data_lib.latents(keys[1], indices, game.pair.latent_dim),
            mix=jax.vmap(lambda i: jax.random.uniform(jax.random.fold_in(keys[2], i)))(indices),
            dropout_keys=_dropout_keys(keys[3], indices),
            labels=drawn.labels,
            fake_labels=_fake_labels(game, examples, drawn.labels, draw_key, indices),
            augmentation=_draw_augmentation(game, keys[3], indices),
        )

    return samples


def _fake_labels(
    game: Game,
    examples: data_lib.Examples,
    real_labels: jax.Array | None,
    draw_key: jax.Array,
    indices: jax.Array,
) -> jax.Array | None:
    """Draws the labels of the generated examples of one batch, in class-conditional training."""
    if real_labels is None:
        return None
    key = jax.random.fold_in(draw_key, _LABEL_STREAM)
    classes = game.pair.num_classes
    return game.fake_labels(
        fake_labels_lib.LabelSource(examples, real_labels, key, indices, classes)
    )


def forward_fn(
    game: Game, images: Any, stats: mm.Players, key: jax.Array
) -> Callable[..., Outputs]:
    """Returns the forward pass of one step: `forward(players, draw, part=0) -> Outputs`.

    Args:
      game: Networks and batch size.
      images: Dataset, or this device's shard of it: images, or `Examples` with labels.
      stats: BatchNorm statistics and spectral-normalization vectors before the step.
      key: PRNG key of the step. The returned function folds its argument `draw` into it.

    Returns:
      A function of the parameters, the sample index and the index of the microbatch.
    """
    draw_samples, pass_samples = samples_fn(game, images, key), networks_fn(game, stats)
    return lambda players, draw, part=0: pass_samples(players, draw_samples(draw, part))


def networks_fn(game: Game, stats: mm.Players) -> Callable[..., Outputs]:
    """Returns the forward pass of both networks on given samples.

    Args:
      game: Networks and batch size.
      stats: BatchNorm statistics and spectral-normalization vectors before the step.

    Returns:
      A function of the parameters and the samples. With `real_is_constant=True`, derivatives
      treat the logits of real examples as constants, which makes them cheaper.
    """
    generator, discriminator = game.pair.generator, game.pair.discriminator

    def augment(inputs: jax.Array, drawn: Any, use: int) -> jax.Array:
        if game.augmentation is None or drawn is None:
            return inputs
        return game.augmentation.apply(drawn[use], inputs)

    def forward(
        players: mm.Players, samples: Samples, *, real_is_constant: bool = False
    ) -> Outputs:
        real, latents, mix, dropout_keys, labels, fake_labels, drawn = samples
        fake, min_stats = generator.apply(
            players.min,
            stats.min,
            latents,
            train=True,
            keys=dropout_keys[_GENERATOR],
            **networks.labels_option(generator, fake_labels),
        )

        # Real and fake examples are separate batches, each normalized by its own statistics
        # (Radford et al., 2016). The running statistics are updated first with the real
        # batch, then with the fake batch.
        per_example: dict[str, Any] = {"keys": (dropout_keys[_REAL], dropout_keys[_FAKE])}
        if discriminator.takes_labels and labels is not None:
            per_example["labels"] = (labels, fake_labels)
        found = networks.apply_in_order(
            discriminator,
            players.max,
            stats.max,
            (augment(real, drawn, _REAL_IMAGES), augment(fake, drawn, _FAKE_IMAGES)),
            one_pass=game.one_pass,
            frozen_parts=int(real_is_constant),
            **per_example,
        )
        real_logits, fake_logits = found.outputs

        def penalized(inputs: jax.Array, labels: jax.Array | None = labels) -> jax.Array:
            after_real = found.stats_after_first()
            return discriminator.apply(
                players.max,
                after_real,
                augment(inputs, drawn, _REAL_IMAGES),
                train=True,
                keys=dropout_keys[_PENALTY],
                **networks.labels_option(discriminator, labels),
            )[0]

        return Outputs(
            real,
            fake,
            real_logits,
            fake_logits,
            mix,
            discriminator=penalized,
            stats=mm.Players(min_stats, found.stats),
            labels=labels,
            fake_labels=fake_labels,
        )

    return forward


_LABEL_STREAM = 2**31 - 1
"""Number that gives the labels of generated examples a key beside the four keys of a batch."""

# Each application of a network uses different dropout keys.
_USES = _GENERATOR, _REAL, _FAKE, _PENALTY = range(4)


def _dropout_keys(key: jax.Array, indices: jax.Array) -> jax.Array:
    """Returns keys `(application, example)`, with an application such as `_REAL`."""
    per_example = jax.vmap(jax.random.fold_in, in_axes=(None, 0))
    return jnp.stack([per_example(jax.random.fold_in(key, use), indices) for use in _USES])


# Real and generated examples are transformed independently. The penalty differentiates through
# the transformations of the real examples.
_REAL_IMAGES, _FAKE_IMAGES = range(2)


def _draw_augmentation(game: Game, key: jax.Array, indices: jax.Array) -> tuple[Any, Any] | None:
    """Draws the transformations of real and generated examples, if there is an augmentation."""
    if game.augmentation is None:
        return None
    per_example = jax.vmap(jax.random.fold_in, in_axes=(None, 0))
    uses = (len(_USES) + use for use in (_REAL_IMAGES, _FAKE_IMAGES))  # Beside the dropout keys.
    keys = jnp.concatenate([per_example(jax.random.fold_in(key, use), indices) for use in uses])
    drawn = game.augmentation.draw(keys, game.pair.sample_shape)
    size = len(indices)
    real, fake = (
        jax.tree.map(lambda leaf, rows=rows: leaf[rows], drawn)
        for rows in (slice(None, size), slice(size, None))
    )
    return real, fake
