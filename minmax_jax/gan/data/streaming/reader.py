"""Reads the elements of a source with Grain, in worker processes or threads."""

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from concurrent import futures
from typing import Any

from minmax_jax.gan.base.errors import ConfigError, DataError, DataFailed
from minmax_jax.gan.data.streaming import workers


def check_installed() -> None:
    """Checks that Grain is installed.

    Raises:
      ConfigError: If it is not.
    """
    try:
        import grain  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "stream requires the package grain. Run pip install 'minmax-jax[stream]', or train "
            "without --stream and with --stream-above 0, which decodes all images into memory."
        ) from error


class Reader:
    """Reads the elements of a source in their order, ahead of the caller.

    The order does not depend on the number of processes. `close` must be called.

    Args:
      source: Picklable object with `__len__` and `__getitem__`, which processes use in parallel.
      num_workers: Number of processes. With 0, threads of this process read.
      group: Number of elements that `assemble` receives at once.
      assemble: Function of a list of elements, called in a thread of this process. Default: the
        elements are returned one by one.
    """

    def __init__(
        self,
        source: Any,
        num_workers: int,
        group: int = 1,
        assemble: Callable[[Sequence[Any]], Any] | None = None,
    ) -> None:
        self._source, self._num_workers = source, num_workers
        self._group, self._assemble = group, assemble
        self._iterator: Any = None
        # Grain starts its processes and threads from this thread, so they inherit its signal mask.
        self._thread = futures.ThreadPoolExecutor(1, "stream", workers.block_signals)

    def ask(self) -> futures.Future[Any]:
        """Starts to read the next element or group. Pass the result to `wait`."""
        return self._thread.submit(self._read)

    def wait(self, asked: futures.Future[Any]) -> Any:
        """Returns what `ask` started to read.

        Raises:
          DataFailed: If it cannot be read, or a process has ended.
        """
        try:
            return asked.result()
        except (DataError, MemoryError) as error:
            raise DataFailed(f"stream: {_first_line(error)}.") from error
        except (RuntimeError, OSError) as error:
            if not self._num_workers:
                raise DataFailed(f"stream: reading failed ({_first_line(error)}).") from error
            raise DataFailed(
                f"stream: a worker process failed ({_first_line(error)}). With --stream-workers 0, "
                "images are decoded without worker processes."
            ) from error

    def close(self) -> None:
        """Ends the processes and threads."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._iterator is not None:
            with contextlib.suppress(Exception):
                self._iterator.close()
        workers.kill_all()

    def _read(self) -> Any:
        if self._iterator is None:
            self._iterator = self._open()
        return next(self._iterator)

    def _open(self) -> Any:
        import grain
        from absl import flags

        if not flags.FLAGS.is_parsed():  # Grain reads flags, which a program without absl lacks.
            flags.FLAGS.mark_as_parsed()
        threads = 1 if self._num_workers else min(4, os.cpu_count() or 1)
        read = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=2 * threads)
        elements = grain.MapDataset.source(self._source).to_iter_dataset(read)
        if self._num_workers:
            # Batches come through pipes. Containers often have little shared memory, and a process
            # that is killed would leave its part of it behind.
            through_pipes = grain.experimental.DatasetOptions(min_shm_size=sys.maxsize)
            elements = grain.experimental.WithOptionsIterDataset(elements, through_pipes)
            options = grain.MultiprocessingOptions(self._num_workers, per_worker_buffer_size=1)
            elements = elements.mp_prefetch(options, worker_init_fn=workers.start_worker)
        if self._assemble is not None:
            elements = elements.batch(self._group, batch_fn=self._assemble)
        return iter(elements)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].strip().rstrip(".") or type(error).__name__
