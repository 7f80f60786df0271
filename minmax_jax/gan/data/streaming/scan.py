"""Passes over all images of a dataset in worker processes."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from minmax_jax.gan.base.messages import print_note
from minmax_jax.gan.data.decoding import decode
from minmax_jax.gan.data.streaming import workers
from minmax_jax.gan.data.streaming.lazy import LazyImages
from minmax_jax.gan.data.streaming.reader import Reader

_BLOCK = 256
"""Number of images that a worker checks at once."""


class Blocks(NamedTuple):
    """Random access to the results of a function of blocks of positions.

    Attributes:
      function: Picklable function of the positions of a block.
      count: Number of positions.
      size: Number of positions per block.
    """

    function: Callable[[range], Any]
    count: int
    size: int


class _Source:
    """Grain's view of `Blocks`."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    def __len__(self) -> int:
        return -(-self._blocks.count // self._blocks.size)

    def __getitem__(self, index: Any) -> Any:
        function, count, size = self._blocks
        first = int(index) * size
        return function(range(first, min(first + size, count)))


def run(blocks: Blocks, num_workers: int, what: str) -> Iterator[Any]:
    """Yields the results of all blocks in their order, and reports the progress.

    Args:
      blocks: What to compute.
      num_workers: Number of processes, 0 for threads, or -1 for the default.
      what: Start of the line that reports the progress.
    """
    reader = Reader(source := _Source(blocks), workers.choose_count(num_workers))
    reported = 0
    try:
        asked = reader.ask()
        for number in range(1, len(source) + 1):
            result = reader.wait(asked)
            asked = reader.ask()
            yield result
            if number * 10 // len(source) > reported and number < len(source):
                reported = number * 10 // len(source)
                print_note(f"{what}: {reported * 10} %")
    finally:
        reader.close()


class _Check(NamedTuple):
    """Function that finds the broken images of a block."""

    images: LazyImages

    def __call__(self, positions: range) -> list[tuple[int, str]]:
        images, found = self.images, []
        assert images.chosen is not None
        options = images.options._replace(skip_broken=True)
        for position in positions:
            row = images.chosen[position : position + 1]
            result = decode(images.name, images.rows, row, options, images.shape[1:])
            found += [(position, skipped.reason) for skipped in result.skipped]
        return found


def find_broken(images: LazyImages, num_workers: int) -> tuple[list[int], list[str]]:
    """Decodes all images once; returns the positions of the broken ones, and the reasons.

    Args:
      images: Images to check.
      num_workers: Number of processes, 0 for threads, or -1 for the default.
    """
    print_note(
        f"{images.name}: looking for broken images among {len(images):,} (once), because the "
        "order of the images depends on them"
    )
    blocks = Blocks(_Check(images), len(images), _BLOCK)
    broken = [
        pair for found in run(blocks, num_workers, "looking for broken images") for pair in found
    ]
    return [position for position, _ in broken], [reason for _, reason in broken]
