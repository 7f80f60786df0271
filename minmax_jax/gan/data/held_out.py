"""Chooses the held-out examples of a dataset that has no test split."""

import hashlib
from collections.abc import Iterable

import numpy as np

SHARE = 0.2
"""Proportion of the examples that is held out. With fewer, the scores of held-out
examples of a small dataset would be mostly noise."""

MAX_HELD_OUT = 10_000
"""Largest number of held-out examples. More would not make the scores more precise
than those of the usual test sets, and would be missing in training."""

MIN_EXAMPLES = 6
"""Smallest number of examples that a dataset must have."""

NOTE = "held out at random, because there is no test split"
"""Text of the load report for a dataset that is split here."""


def choose(hashes: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Chooses the held-out examples at random, in proportion to the sizes of the classes.

    In each class, the examples with the smallest hashes are held out. The choice
    depends only on the examples and their classes, not on the order of the rows, on
    file names or on a seed, so every process and every later command makes the same
    choice. Equal examples of one class are held out or trained on together, except
    for at most one set of equal examples per class, which is divided.

    Args:
      hashes: Hash of the content of each example, `(N,)`.
      labels: Class of each example, `(N,)`. Default: all form one class.

    Returns:
      Mask of the held-out examples, bool `(N,)`. Every class keeps an example for
      training, unless all classes have only one: then the classes are ignored.
    """
    classes, sizes, quotas = _classes(len(hashes), labels)
    order = np.lexsort((hashes, classes))
    rank = np.arange(len(hashes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    mask = np.zeros(len(hashes), bool)
    mask[order] = rank < np.repeat(quotas, sizes)
    return mask


def size(total: int, labels: np.ndarray | None = None) -> int:
    """Returns how many of `total` examples `choose` holds out."""
    return int(_classes(total, labels)[2].sum())


def _classes(total: int, labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the class of each example, and the size and held-out number of each class."""
    count = min(max(1, round(SHARE * total)), MAX_HELD_OUT)
    if labels is not None:
        classes = np.unique(labels, return_inverse=True)[1].reshape(-1)
        sizes = np.bincount(classes, minlength=1)
        if (quotas := _quotas(sizes, count)).any():
            return classes, sizes, quotas
    # Without labels, or if every class has one example, all examples form one class.
    return np.zeros(total, np.int64), np.array([total]), np.array([count])


def _quotas(sizes: np.ndarray, count: int) -> np.ndarray:
    """Divides `count` in proportion to the sizes, largest remainders first.

    No class gives away its last example.
    """
    exact = sizes * (count / sizes.sum())
    quotas = np.minimum(np.floor(exact).astype(np.int64), np.maximum(sizes - 1, 0))
    remainders = np.where(quotas < sizes - 1, exact - quotas, -1.0)
    largest = np.argsort(-remainders, kind="stable")[: max(0, count - int(quotas.sum()))]
    quotas[largest[remainders[largest] > 0]] += 1
    return quotas


def hash_contents(contents: Iterable[bytes]) -> np.ndarray:
    """Returns a 64-bit hash of each item, as `row_order.row_hashes` does for arrays."""
    digests = b"".join(hashlib.blake2b(item, digest_size=8).digest() for item in contents)
    return np.frombuffer(digests, "<u8")
