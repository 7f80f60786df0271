"""Adaptive probability of ADA: the control rule and its state."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class ControlState(NamedTuple):
    """State of the control rule. It is the same on all devices.

    Attributes:
      probability: Present probability of each transformation (float32 scalar).
      signs: Sum of the mean signs of the updates since the last adjustment (float32 scalar).
      count: Number of these updates (int32 scalar).
    """

    probability: jax.Array
    signs: jax.Array
    count: jax.Array


class Control(NamedTuple):
    """Control rule of adaptive discriminator augmentation (ADA).

    It observes the mean r of sign(D(x)) over augmented real examples x. If the discriminator
    overfits, its logits for them become positive, and r approaches 1. After every `every`
    updates, the probability p becomes

        p + sign(r − target) · batch_size · every / images,

    limited to the interval from 0 to `limit`. It starts at 0. The authors' code has no upper
    limit, but a probability above 1 acts as 1.

    Attributes:
      target: Mean sign that the rule aims at.
      images: Number of images during which the probability can rise from 0 to 1.
      every: Number of updates between two adjustments.
      limit: Largest probability.

    References:
      Karras et al., `Training generative adversarial networks with limited data
      <https://arxiv.org/abs/2006.06676>`_, 2020.
    """

    target: float = 0.6
    images: int = 500_000
    every: int = 4
    limit: float = 1.0

    def init(self) -> ControlState:
        """Returns the state before the first update."""
        return ControlState(jnp.float32(0), jnp.float32(0), jnp.int32(0))

    def update(
        self, state: ControlState, real_sign: jax.Array, step: jax.Array, batch_size: int
    ) -> ControlState:
        """Returns the state after one update.

        Args:
          state: State before the update.
          real_sign: Mean of sign(D(x)) over the real examples of this update, on all devices.
          step: Number of updates before this one.
          batch_size: Number of real examples per update, on all devices.
        """
        signs, count = state.signs + real_sign, state.count + 1
        change = batch_size * self.every / self.images
        moved = state.probability + change * jnp.sign(signs / count - self.target)
        adjusted = ControlState(
            jnp.clip(moved, 0.0, self.limit), jnp.zeros_like(signs), jnp.zeros_like(count)
        )
        due = (step + 1) % self.every == 0
        observed = ControlState(state.probability, signs, count)
        return jax.tree.map(lambda new, old: jnp.where(due, new, old), adjusted, observed)
