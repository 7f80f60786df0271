"""Windows of batches on the devices, read ahead of the training loop."""

import time
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from minmax_jax import parallel
from minmax_jax.gan.data.streaming.plan import Batch, BatchSource, Plan
from minmax_jax.gan.data.streaming.reader import Reader
from minmax_jax.gan.data.streaming.window import Window


class Windows:
    """Reads the windows of a run one after the other, one ahead of the training loop.

    It is a context manager, whose end also ends the worker processes.

    Args:
      plan: Batches of this process.
      num_workers: Number of worker processes. With 0, threads of this process decode.
      devices: Devices of all processes, ordered by process.

    Attributes:
      seconds_waited: Time that the training loop has waited for windows, without the first one.
      num_images: Number of images in the windows so far.
    """

    def __init__(self, plan: Plan, num_workers: int, devices: Sequence[Any]) -> None:
        self._plan, self._num_workers = plan, num_workers
        self._devices = parallel.addressable_devices(devices)
        self._all_labels: Any = None
        self._window: Window | None = None
        self._first = plan.start - plan.layout.steps
        self.seconds_waited, self.num_images = 0.0, 0
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if self._plan.labels is not None:
            self._all_labels = parallel.replicate(self._plan.labels, self._devices)
        group = self._plan.layout.num_slots
        self._reader = Reader(BatchSource(self._plan), self._num_workers, group, self._assemble)
        self._next = self._reader.ask()
        return self

    def __exit__(self, *error: Any) -> None:
        self._reader.close()

    def at(self, step: int) -> Window:
        """Returns the window that contains a step. Steps must not decrease.

        Raises:
          DataFailed: If the data cannot be read, or a worker process has ended.
        """
        while self._window is None or step >= self.end:
            began, is_first = time.monotonic(), self._window is None
            self._window = self._reader.wait(self._next)
            if is_first:  # Starting the processes takes seconds.
                self._began, self.num_images = time.monotonic(), 0
            else:
                self.seconds_waited += time.monotonic() - began
            self._first += self._plan.layout.steps
            if self.end <= self._plan.end:
                self._next = self._reader.ask()
        return self._window

    @property
    def end(self) -> int:
        """First step after the present window."""
        return self._first + self._plan.layout.steps

    def report(self) -> str | None:
        """Returns a line about the speed of the pipeline, or None after fewer than two windows."""
        if not self.num_images:
            return None
        seconds = max(time.monotonic() - self._began, 1e-6)
        plural = "" if self._num_workers == 1 else "es"
        where = f"{self._num_workers} worker process{plural}" if self._num_workers else "threads"
        return (
            f"stream: {self.num_images / seconds:,.0f} images per second from {where}; training "
            f"waited for them {self.seconds_waited / seconds:.0%} of the time"
        )

    def _assemble(self, batches: Sequence[Batch]) -> Window:
        """Copies the batches of a window to the devices."""
        layout, own = self._plan.layout, self._devices
        size = len(self._plan.indices) // len(own)
        shape = (len(own), layout.num_slots, size)
        images = np.zeros((*shape, *self._plan.images.shape[1:]), self._plan.images.dtype)
        labels = None if self._all_labels is None else np.zeros(shape, np.int32)
        for place, batch in enumerate(batches):
            if batch.images is None:
                continue
            self.num_images += len(batch.images)
            images[:, place] = batch.images.reshape(len(own), size, *images.shape[3:])
            if labels is not None:
                labels[:, place] = batch.labels.reshape(len(own), size)
        return Window(
            images=parallel.shard(images, own),
            labels=None if labels is None else parallel.shard(labels, own),
            all_labels=self._all_labels,
            first=parallel.replicate(np.int32(batches[0].first), own),
            layout=layout,
        )
