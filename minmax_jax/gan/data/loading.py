"""Loads a dataset in a thread, and tells its shapes before it is there."""

import threading
from collections.abc import Callable
from concurrent import futures

import numpy as np

from minmax_jax.gan.data.dataset import Data

Announce = Callable[[Data], None]
"""Receives the outline of a dataset before its images are decoded. See `outline`."""


def outline(data: Data, shape: tuple[int, ...]) -> Data:
    """Returns a dataset whose training images have the given shape and are all zero.

    They take no memory.
    """
    return data._replace(images=np.broadcast_to(np.uint8(0), shape))


def agree(expected: Data, data: Data) -> bool:
    """Returns whether networks and programs for an outline are those for the dataset."""
    return (
        expected.images.shape == data.images.shape
        and expected.images.dtype == data.images.dtype
        and expected.num_classes == data.num_classes
        and expected.kind == data.kind
        and (expected.labels is None) == (data.labels is None)
    )


class Loading:
    """A dataset that a thread loads.

    The thread does not keep the process alive: if the caller ends with an error, the images that
    are left are not decoded.

    Args:
      load: Function that loads the dataset. It receives a function to call at most once, with the
        outline of the dataset.
    """

    def __init__(self, load: Callable[[Announce], Data]) -> None:
        self._outline: futures.Future[Data | None] = futures.Future()
        self._data: futures.Future[Data] = futures.Future()
        threading.Thread(target=self._run, args=(load,), daemon=True, name="data").start()

    def _run(self, load: Callable[[Announce], Data]) -> None:
        try:
            self._data.set_result(load(self._outline.set_result))
        except BaseException as error:
            self._data.set_exception(error)
        finally:
            if not self._outline.done():
                self._outline.set_result(None)

    def outline(self) -> Data:
        """Returns the outline as soon as it is known, or else the dataset.

        Raises:
          DataError: If the dataset cannot be read.
        """
        return self._outline.result() or self.data()

    def data(self) -> Data:
        """Returns the dataset, after waiting for it.

        Raises:
          DataError: If the dataset cannot be read.
        """
        return self._data.result()
