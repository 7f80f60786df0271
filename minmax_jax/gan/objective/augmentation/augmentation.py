"""Augmentation of the examples that the discriminator receives."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation import pipeline
from minmax_jax.gan.objective.augmentation.control import Control
from minmax_jax.gan.objective.augmentation.policy import Step


class Augmentation(NamedTuple):
    """Random transformations of real and generated images, differentiable in the images.

    Attributes:
      steps: Transformations, in their order. See `parse_policy`.
      probability: Probability of each transformation: a number, or a function of the number of
        updates, such as an Optax schedule. None if `control` determines it.
      control: Rule that adapts the probability during training, or None.
    """

    steps: tuple[Step, ...]
    probability: float | jax.Array | Callable[[jax.Array], Any] | None = 1.0
    control: Control | None = None

    def init(self) -> Any:
        """Returns the part of the training state that belongs to the augmentation."""
        return () if self.control is None else self.control.init()

    def at(self, state: Any, step: jax.Array) -> Self:
        """Returns the augmentation with the probability of the update after `step` updates.

        Args:
          state: Part of the training state that belongs to the augmentation.
          step: Number of updates so far.
        """
        if self.control is not None:
            return self._replace(probability=state.probability)
        if callable(self.probability):
            return self._replace(probability=jnp.asarray(self.probability(step), jnp.float32))
        return self

    def update(self, state: Any, real_sign: Any, step: jax.Array, batch_size: int) -> Any:
        """Returns the part of the training state after one update. See `Control.update`."""
        if self.control is None:
            return state
        return self.control.update(state, real_sign, step, batch_size)

    def draw(self, keys: jax.Array, shape: tuple[int, ...]) -> Any:
        """Draws the transformations of a batch.

        Args:
          keys: One PRNG key per image, `(batch,)`.
          shape: Shape of one image, `(height, width, channels)`.

        Raises:
          ValueError: If the probability depends on the training state. Call `at` first.
        """
        if callable(self.probability) or self.probability is None:
            source = "the control rule" if self.probability is None else "a schedule"
            raise ValueError(
                f"augmentation: probability must be a number, but {source} determines it. Use "
                "augmentation.at(state.augmentation, state.step)."
            )
        return jax.vmap(lambda key: pipeline.draw(self.steps, key, shape, self.probability))(keys)

    def apply(self, drawn: Any, images: jax.Array) -> jax.Array:
        """Transforms a batch of images.

        Args:
          drawn: Result of `draw`.
          images: Images `(batch, height, width, channels)` in −1…1.

        Returns:
          Images of the same shape and dtype, computed in float32.
        """

        def one(drawn: Any, image: jax.Array) -> jax.Array:
            return pipeline.apply(self.steps, drawn, image.astype(jnp.float32))

        return jax.vmap(one)(drawn, images).astype(images.dtype)
