"""Order of the batches within a window, which are transferred at once."""

from typing import NamedTuple


class Draws(NamedTuple):
    """Batches of training examples that one training step draws.

    Attributes:
      main: Number of sample indices, from 0.
      penalty_steps: Number of steps of the discriminator per training step if a penalty has steps
        of its own, otherwise 0.
      penalty_every: Number of steps of the discriminator from one such step to the next.
    """

    main: int
    penalty_steps: int = 0
    penalty_every: int = 1


class Slot(NamedTuple):
    """One batch of a window.

    Attributes:
      step: Number of updates before the training step that uses it.
      draw: Sample index.
      penalty: Whether it is for the separate step of a penalty.
      is_used: Whether the run uses the batch. Windows have a fixed size, also the last one.
    """

    step: int
    draw: int
    penalty: bool
    is_used: bool


class Layout(NamedTuple):
    """Batches of a window: first those of the steps, then those of the separate penalty steps.

    Attributes:
      steps: Number of steps.
      draws: Batches per step.
    """

    steps: int
    draws: Draws

    @property
    def num_main(self) -> int:
        """Number of batches that are not for a separate penalty."""
        return self.steps * self.draws.main

    @property
    def num_slots(self) -> int:
        """Number of batches."""
        inner_steps = self.steps * self.draws.penalty_steps
        return self.num_main + -(-inner_steps // self.draws.penalty_every)

    def first_penalty(self, first: int) -> int:
        """Returns the number of penalty steps before step `first`, which may be traced."""
        return -(-first * self.draws.penalty_steps // self.draws.penalty_every)

    def slot(self, first: int, index: int, end: int) -> Slot:
        """Returns the batch at a place in a window.

        Args:
          first: First step of the window.
          index: Place in the window.
          end: Last step of the run. The batch after it is used to measure the losses.
        """
        if index < self.num_main:
            step, draw = first + index // self.draws.main, index % self.draws.main
            return Slot(step, draw, False, step < end or (step == end and draw == 0))
        # The sample index of a penalty counts the discriminator's steps of the whole run.
        number = self.first_penalty(first) + index - self.num_main
        draw = number * self.draws.penalty_every
        step = draw // self.draws.penalty_steps
        return Slot(step, draw, True, step < min(end, first + self.steps))
