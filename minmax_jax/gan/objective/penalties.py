"""Gradient penalties on the discriminator, as functions of it and of the examples.

With D the discriminator, x real and x' fake examples, x̂ = u·x + (1 − u)·x', u uniform, and
norms over all numbers of one example:

| name    | penalty                      | usual weight              |
| wgan-gp | E (‖∇D(x̂)‖ − 1)²             | λ = 10                    |
| r1      | ½ E ‖∇D(x)‖²                 | γ: 10 at 64 pixels, say   |
| r2      | ½ E ‖∇D(x')‖²                | γ                         |
| r1+r2   | the sum of both              | γ                         |

All belong to the discriminator: gradients to the generator are stopped. So a zero-sum loss
less a penalty stays one payoff, `f(x, y) − weight · R(y)`, whose two gradients come from one
backward pass; in a general-sum game the penalty is added to `max_loss`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

Judge = Callable[[jax.Array], jax.Array]
"""The discriminator: `(batch, *sample_shape)` to logits `(batch,)`, each example by itself."""

Rule = Callable[[Judge, jax.Array, jax.Array, jax.Array], jax.Array]
"""`rule(judge, real, fake, mix) -> scalar`, the mean over a batch."""


class Penalty(NamedTuple):
    """A penalty as a run uses it.

    Attributes:
      rule: one of `PENALTIES`.
      weight: its factor in the discriminator's loss.
      every: lazy interval: it is taken at every so many updates, with `weight · every`.
    """

    rule: Rule
    weight: float
    every: int = 1

    def __call__(
        self, judge: Judge, real: jax.Array, fake: jax.Array, mix: jax.Array, due: bool | jax.Array
    ) -> jax.Array:
        """Returns what is added to the discriminator's loss in one update.

        Where it is not due nothing is computed (`lax.cond`). Inside the branch residuals are
        recomputed, since a branch not taken would hand on as many zeros.

        Args:
          judge: the discriminator.
          real: examples of the data, `(batch, *sample_shape)`.
          fake: examples of the generator, alike.
          mix: uniform numbers in [0, 1), `(batch,)`.
          due: whether this update takes it; a Python bool costs no branch.
        """

        def value(factor: float) -> jax.Array:
            return factor * self.rule(judge, real, fake, mix)

        if isinstance(due, bool):
            return value(self.weight) if due else jnp.zeros(())
        lazy = jax.checkpoint(lambda: value(self.weight * self.every))
        return lax.cond(due, lazy, lambda: jnp.zeros(()))


def gradient_penalty(judge: Judge, real: jax.Array, fake: jax.Array, mix: jax.Array) -> jax.Array:
    """WGAN-GP: `E (‖∇D(x̂)‖ − 1)²` at `x̂ = mix·real + (1 − mix)·fake`.

    The derivative of the norm at zero is zero. Of a discriminator that couples examples (a
    BatchNorm in it; WGAN-GP uses none) it takes the gradient of the sum of all logits.

    Args:
      judge: the discriminator.
      real: examples of the data, `(batch, *sample_shape)`.
      fake: examples of the generator, alike.
      mix: uniform numbers in [0, 1), `(batch,)`.

    References:
      Gulrajani et al., `Improved training of Wasserstein GANs
      <https://arxiv.org/abs/1704.00028>`_, 2017.
    """
    weight = mix.reshape(-1, *[1] * (real.ndim - 1))
    squared = _squared_norms(judge, weight * real + (1.0 - weight) * lax.stop_gradient(fake))
    zero = squared == 0
    norm = jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, squared)))
    return jnp.mean(jnp.square(norm - 1.0))


def r1(judge: Judge, real: jax.Array, fake: jax.Array, mix: jax.Array) -> jax.Array:
    """`½ E ‖∇D‖²` at real examples (Mescheder et al., 2018); arguments as `gradient_penalty`.

    References:
      Mescheder, Geiger, Nowozin, `Which training methods for GANs do actually converge?
      <https://arxiv.org/abs/1801.04406>`_, 2018, equation 9.
    """
    del fake, mix
    return 0.5 * jnp.mean(_squared_norms(judge, real))


def r2(judge: Judge, real: jax.Array, fake: jax.Array, mix: jax.Array) -> jax.Array:
    """`½ E ‖∇D‖²` at fake examples (Mescheder et al., 2018); arguments as `gradient_penalty`."""
    del real, mix
    return 0.5 * jnp.mean(_squared_norms(judge, lax.stop_gradient(fake)))


def _r1_and_r2(judge: Judge, real: jax.Array, fake: jax.Array, mix: jax.Array) -> jax.Array:
    return r1(judge, real, fake, mix) + r2(judge, real, fake, mix)


PENALTIES: Mapping[str, Rule] = MappingProxyType(
    {"wgan-gp": gradient_penalty, "r1": r1, "r2": r2, "r1+r2": _r1_and_r2}
)
"""Name -> rule."""


def _squared_norms(judge: Judge, inputs: jax.Array) -> jax.Array:
    """Returns `‖∇D‖²` of each example, `(batch,)`."""
    gradient = jax.grad(lambda x: jnp.sum(judge(x)))(inputs)
    return jnp.sum(jnp.square(gradient).reshape(gradient.shape[0], -1), axis=-1)
