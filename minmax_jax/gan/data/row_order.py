"""Orders and samples examples by their content, whatever the order of the rows."""

import hashlib
from typing import Any

import numpy as np


def content_order(examples: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Returns the rows in an order that depends only on the set of examples.

    `examples[order]` is the same array for every order of the rows. The order follows
    a hash of each example, so it is unrelated to what the examples show.

    Args:
      examples: Examples of any shape and dtype, `(n, ...)`.
      labels: Classes of the examples, which order equal examples. Default: none.

    Returns:
      Indices `(n,)`.

    Example:
      >>> points = np.array([[3.0], [1.0], [2.0]])
      >>> shuffled = points[[1, 2, 0]]
      >>> bool((points[content_order(points)] == shuffled[content_order(shuffled)]).all())
      True
    """
    hashes = row_hashes(examples)
    return np.argsort(hashes, kind="stable") if labels is None else np.lexsort((labels, hashes))


def row_hashes(examples: np.ndarray) -> np.ndarray:
    """Returns a 64-bit hash of the content of each example, `(n,)`."""
    rows = np.ascontiguousarray(examples).reshape(len(examples), -1) if len(examples) else []
    digests = b"".join(hashlib.blake2b(row.data, digest_size=8).digest() for row in rows)
    return np.frombuffer(digests, "<u8")


def stratified_rows(
    count: int, num_rows: int, labels: np.ndarray | None = None, *, seed: int = 0
) -> np.ndarray:
    """Draws rows at random, with the proportions of the classes.

    A class of `n` of `num_rows` rows gets `count · n / num_rows` of the drawn rows,
    rounded to integers with the sum `count` (largest remainders first).

    Args:
      count: Number of rows to draw, at most `num_rows`.
      num_rows: Number of rows to draw from.
      labels: Class of each row, `(num_rows,)`. Default: all rows form one class.
      seed: Seed of NumPy's `RandomState`, which draws the same rows in all versions.

    Returns:
      Sorted indices `(count,)`, without repetition.

    Example:
      >>> stratified_rows(3, 6, np.array([0, 0, 1, 1, 2, 2])).tolist()
      [1, 2, 4]
    """
    classes = (
        np.zeros(num_rows, int) if labels is None else np.unique(labels, return_inverse=True)[1]
    )
    sizes = np.bincount(classes.reshape(-1), minlength=1)
    shares, remainders = np.divmod(count * sizes, max(num_rows, 1))
    largest = np.argsort(-remainders, kind="stable")[: count - shares.sum()]
    shares[largest] += 1
    random = np.random.RandomState(seed)
    by_class = np.split(np.argsort(classes.reshape(-1), kind="stable"), np.cumsum(sizes)[:-1])
    drawn = [random.permutation(rows)[:share] for rows, share in zip(by_class, shares, strict=True)]
    return np.sort(np.concatenate(drawn))


def sample_rows(examples: Any, labels: np.ndarray | None, count: int) -> np.ndarray:
    """Chooses at most `count` examples at random, with the proportions of the classes.

    The choice and its order depend only on the set of examples, not on the order of
    the rows. Those of streamed examples (`LazyExamples`) depend on the order of the rows.

    Args:
      examples: Examples `(n, ...)`, or `LazyExamples`.
      labels: Classes of the examples `(n,)`, or None.
      count: Number of examples to choose. If there are not more, all are chosen.

    Returns:
      Indices of the chosen examples.
    """
    lazy = hasattr(examples, "identity")  # Reading all examples would take as long as an epoch.
    order = np.arange(len(examples)) if lazy else content_order(examples, labels)
    ordered = None if labels is None else np.asarray(labels)[order]
    return order[stratified_rows(min(count, len(order)), len(order), ordered)]
