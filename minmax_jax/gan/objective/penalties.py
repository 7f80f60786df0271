"""Gradient penalties on the discriminator.

D is the discriminator, x a real and x' a fake example, and x̂ = u·x + (1 − u)·x' with u uniform
in [0, 1). Norms are Euclidean, over all elements of one example.

| name    | penalty                      | usual weight                     |
| wgan-gp | E (‖∇D(x̂)‖ − 1)²             | λ = 10                           |
| r1      | ½ E ‖∇D(x)‖²                 | γ, for example 10 (64×64 pixels) |
| r2      | ½ E ‖∇D(x')‖²                | γ                                |
| r1+r2   | the sum of r1 and r2         | γ                                |

All penalties act on the discriminator only: no gradient flows from a penalty to the generator.
A zero-sum game therefore stays zero-sum: its payoff f becomes `f − weight · penalty`, and one
backward pass gives both gradients. In a general-sum game, the penalty is added to `max_loss`.

In class-conditional training, D is evaluated for the class of each example: the label of a real
example at x and at x̂, and the class that the generator was asked for at x'.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.base.registry import Registry

Discriminator = Callable[..., jax.Array]
"""Function `(examples, labels=None)` from examples `(batch, *sample_shape)` to logits `(batch,)`.

Without labels, it uses the labels of the real batch, if the run is class-conditional."""

PenaltyFn = Callable[..., jax.Array]
"""`penalty_fn(discriminator, real, fake, mix) -> scalar`, the mean over a batch.

A function with arguments `labels` or `fake_labels` receives the classes of `real` or `fake`, which
are None in a run without labels."""


class Penalty(NamedTuple):
    """A gradient penalty with its weight and its interval.

    Attributes:
      penalty_fn: One of `PENALTIES`.
      weight: Weight in the discriminator's loss, or a function from the number of updates so
        far to it. `at` evaluates the function.
      every: Apply the penalty every N updates, with weight `weight * every` (lazy
        regularization).
      separate: Whether the discriminator makes a step of its own for the penalty, as in
        StyleGAN2. The field of the game then does not contain it.
    """

    penalty_fn: PenaltyFn
    weight: Any
    every: int = 1
    separate: bool = False

    def at(self, step: Any) -> "Penalty":
        """Returns the penalty with its weight after `step` updates."""
        return self._replace(weight=self.weight(step)) if callable(self.weight) else self

    def __call__(
        self,
        discriminator: Discriminator,
        real: jax.Array,
        fake: jax.Array,
        mix: jax.Array,
        due: bool | jax.Array,
        *,
        labels: jax.Array | None = None,
        fake_labels: jax.Array | None = None,
    ) -> jax.Array:
        """Returns the term that is added to the discriminator's loss in one update.

        If the penalty is not due, `lax.cond` skips it. `jax.checkpoint` keeps the forward values
        of the penalty, which its derivative needs, out of the result of `lax.cond`. Without it,
        the skipped branch would return zeros of their shapes.

        Args:
          discriminator: Function from examples to logits.
          real: Examples of the dataset, `(batch, *sample_shape)`.
          fake: Examples of the generator, `(batch, *sample_shape)`.
          mix: Uniform random numbers in [0, 1), `(batch,)`.
          due: Whether this update applies the penalty. A Python bool needs no branch.
          labels: Classes of `real`, or None.
          fake_labels: Classes of `fake`, or None.
        """
        accepted = inspect.signature(self.penalty_fn).parameters
        classes = {"labels": labels, "fake_labels": fake_labels}
        classes = {name: value for name, value in classes.items() if name in accepted}

        def value(factor: float) -> jax.Array:
            return factor * self.penalty_fn(discriminator, real, fake, mix, **classes)

        if isinstance(due, bool):
            return value(self.weight) if due else jnp.zeros(())
        lazy = jax.checkpoint(lambda: value(self.weight * self.every))
        return lax.cond(due, lazy, lambda: jnp.zeros(()))


def gradient_penalty(
    discriminator: Discriminator, real: jax.Array, fake: jax.Array, mix: jax.Array
) -> jax.Array:
    """Computes the WGAN-GP penalty `E (‖∇D(x̂)‖ − 1)²` at `x̂ = mix·real + (1 − mix)·fake`.

    The derivative of the norm at zero is defined as zero. If the discriminator couples examples
    (with BatchNorm, which WGAN-GP does not use), ∇D is the gradient of the sum of all logits.

    Args:
      discriminator: Function from examples to logits.
      real: Examples of the dataset, `(batch, *sample_shape)`.
      fake: Examples of the generator, `(batch, *sample_shape)`.
      mix: Uniform random numbers in [0, 1), `(batch,)`.

    References:
      Gulrajani et al., `Improved training of Wasserstein GANs
      <https://arxiv.org/abs/1704.00028>`_, 2017.
    """
    weight = mix.reshape(-1, *[1] * (real.ndim - 1))
    mixed = weight * real + (1.0 - weight) * lax.stop_gradient(fake)
    squared = _squared_norms(discriminator, mixed)
    zero = squared == 0
    norm = jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, squared)))
    return jnp.mean(jnp.square(norm - 1.0))


def r1(discriminator: Discriminator, real: jax.Array, fake: jax.Array, mix: jax.Array) -> jax.Array:
    """Computes `½ E ‖∇D‖²` at real examples. Arguments: see `gradient_penalty`.

    References:
      Mescheder, Geiger, Nowozin, `Which training methods for GANs do actually converge?
      <https://arxiv.org/abs/1801.04406>`_, 2018, equation 9.
    """
    del fake, mix
    return 0.5 * jnp.mean(_squared_norms(discriminator, real))


def r2(
    discriminator: Discriminator,
    real: jax.Array,
    fake: jax.Array,
    mix: jax.Array,
    fake_labels: jax.Array | None = None,
) -> jax.Array:
    """Computes `½ E ‖∇D‖²` at fake examples. Arguments: see `gradient_penalty`.

    References: see `r1`.
    """
    del real, mix
    return 0.5 * jnp.mean(_squared_norms(discriminator, lax.stop_gradient(fake), fake_labels))


def r1_and_r2(
    discriminator: Discriminator,
    real: jax.Array,
    fake: jax.Array,
    mix: jax.Array,
    fake_labels: jax.Array | None = None,
) -> jax.Array:
    """Computes the sum of `r1` and `r2`."""
    return r1(discriminator, real, fake, mix) + r2(discriminator, real, fake, mix, fake_labels)


PENALTIES: Registry[PenaltyFn] = Registry(
    "penalty", {"wgan-gp": gradient_penalty, "r1": r1, "r2": r2, "r1+r2": r1_and_r2}
)
"""Maps the name of a penalty to its function."""


def _squared_norms(
    discriminator: Discriminator, inputs: jax.Array, labels: jax.Array | None = None
) -> jax.Array:
    """Computes `‖∇D‖²` of each example, `(batch,)`."""
    classes = () if labels is None else (labels,)
    gradient = jax.grad(lambda x: jnp.sum(discriminator(x, *classes)))(inputs)
    return jnp.sum(jnp.square(gradient).reshape(gradient.shape[0], -1), axis=-1)
