"""Batches of several steps on the devices, and the views of one step."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax.gan.data.examples import Examples, to_float
from minmax_jax.gan.data.streaming.layout import Layout


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Window:
    """Batches of several steps, in the place of a dataset in memory.

    Attributes:
      images: Examples of this device, `(slots, batch, *sample_shape)`, in the order of `layout`.
      labels: Their classes, int32 `(slots, batch)`, or None.
      all_labels: Classes of all training examples, int32 `(N,)`, or None.
      first: First step (int32 scalar).
      layout: Order of the batches.
    """

    images: Any
    labels: Any
    all_labels: Any
    first: Any
    layout: Layout = dataclasses.field(metadata={"static": True})


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class StepWindow:
    """The batches of one step, in the place of the images of `Examples`.

    Attributes:
      window: Window that contains the step.
      step: Number of updates before the step.
      penalty: Whether it contains the batches of the separate steps of a penalty.
    """

    window: Window
    step: Any
    penalty: bool = dataclasses.field(default=False, metadata={"static": True})

    def take(self, draw: Any, part: Any, size: int) -> Examples:
        """Returns the examples of one microbatch as floats, and their labels.

        Args:
          draw: Sample index below the number of batches per step, which may be traced.
          part: Index of the microbatch, which may be traced.
          size: Number of examples per microbatch.
        """
        window = self.window
        batch_size = window.images.shape[1]
        rows = self._slot(draw) * batch_size + part * size + jnp.arange(size)

        def take(values: jax.Array) -> jax.Array:
            # XLA compiles the same operations as for a dataset in memory (`labeled_batch`), so the
            # conversion to floats is rounded in the same way. A slice would be rounded in another.
            return values.reshape(-1, *values.shape[2:])[rows]

        images, labels = to_float(take(window.images)), window.labels
        return Examples(images, None if labels is None else take(labels))

    def _slot(self, draw: Any) -> Any:
        window, layout = self.window, self.window.layout
        if not self.penalty:
            return (self.step - window.first) * layout.draws.main + draw
        number = draw // layout.draws.penalty_every
        return layout.num_main + number - layout.first_penalty(window.first)


def at_step(data: Any, step: Any) -> Any:
    """Returns the batches of one step from a window, and any other dataset as it is.

    Args:
      data: `Window`, images or `Examples`.
      step: Number of updates before the step.
    """
    if not isinstance(data, Window):
        return data
    # A window of several devices that is not mapped over them has a leading axis in all leaves.
    step = jnp.broadcast_to(step, jnp.shape(data.first))
    return Examples(StepWindow(data, step), data.all_labels)


def for_penalty(data: Any) -> Any:
    """Returns the batches of the separate steps of a penalty, if `data` contains a `StepWindow`."""
    if isinstance(data, Examples) and isinstance(data.images, StepWindow):
        return data._replace(images=dataclasses.replace(data.images, penalty=True))
    return data
