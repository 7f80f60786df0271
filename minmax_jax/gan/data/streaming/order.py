"""Rows of the batches of a run, computed on the host.

The rows are those that the compiled step draws from a dataset in memory (`batches`). They are
computed with NumPy, because the processes that decode images would need seconds to compile the
same function with JAX, and must not open an accelerator. Tests compare both.
"""

from typing import Any

import numpy as np

PENALTY_STREAM = 2**31 - 2
"""Number that gives the samples of a separate penalty a key. It is larger than any sample index."""

Word = np.ndarray | np.uint32
Key = tuple[Word, Word]
"""The two 32-bit words of a PRNG key, each an array of any shape."""

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def batch_rows(
    seed: int,
    step: int,
    draw: int,
    indices: np.ndarray,
    count: int,
    *,
    penalty: bool = False,
    wide: bool = False,
) -> np.ndarray:
    """Returns the rows of one batch, int64 with the shape of `indices`.

    Args:
      seed: Seed of the run.
      step: Number of updates before this step.
      draw: Sample index within the step.
      indices: Positions in the global batch.
      count: Number of training examples, below 2³¹.
      penalty: Whether the batch is for the separate step of a penalty.
      wide: Whether JAX's default integers have 64 bits (`jax_enable_x64`).
    """
    key = fold_in((np.uint32(0), np.uint32(seed)), step)
    key = fold_in(key, PENALTY_STREAM) if penalty else key
    # The compiled step splits this key into four, of which the first one is for the examples.
    key = fold_in(fold_in(key, draw), 0)
    return _below(count, fold_in(key, indices), np.uint64 if wide else np.uint32)


def fold_in(key: Key, data: int | np.ndarray) -> Key:
    """Returns the keys of `jax.random.fold_in`, and of `jax.random.split` at position `data`."""
    return _threefry(key, np.zeros_like(data, np.uint32), np.asarray(data, np.uint32))


def _below(count: int, key: Key, word: type[Any]) -> np.ndarray:
    """Returns the numbers of `jax.random.randint` from 0 to `count - 1`, one per key.

    Args:
      count: Number of values.
      key: The keys.
      word: Type of the random bits, unsigned.
    """
    high, low = (_bits(fold_in(key, half), word) for half in (0, 1))
    span, size = word(count), 8 * np.dtype(word).itemsize
    factor = 2 ** (size // 2) % count
    factor = word(factor**2 % 2**size % count)
    with np.errstate(over="ignore"):  # The arithmetic is modulo 2³² or 2⁶⁴.
        return ((high % span * factor + low % span) % span).astype(np.int64)


def _bits(key: Key, word: type[Any]) -> np.ndarray:
    """Returns random bits per key."""
    first, second = fold_in(key, 0)
    if word is np.uint32:
        return np.asarray(first ^ second)
    return np.asarray(first, np.uint64) << np.uint64(32) | np.asarray(second, np.uint64)


def _threefry(key: Key, first: np.ndarray, second: np.ndarray) -> Key:
    """Computes Threefry-2x32 with 20 rounds (Salmon et al., Parallel random numbers, 2011)."""
    with np.errstate(over="ignore"):
        keys = (*key, key[0] ^ key[1] ^ np.uint32(0x1BD11BDA))
        x, y = first + keys[0], second + keys[1]
        for block in range(5):
            for rotation in _ROTATIONS[block % 2]:
                x = x + y
                y = (y << np.uint32(rotation)) | (y >> np.uint32(32 - rotation))
                y = x ^ y
            x = x + keys[(block + 1) % 3]
            y = y + keys[(block + 2) % 3] + np.uint32(block + 1)
        return x, y
