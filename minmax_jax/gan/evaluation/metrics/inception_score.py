"""Inception score of the class probabilities of samples."""

import itertools
from typing import NamedTuple

import numpy as np


class InceptionScore(NamedTuple):
    """Exponentiated mutual information of image and predicted class.

    Attributes:
      value: Mean over the splits, between 1 and the number of classes.
      deviation: Standard deviation over the splits.
    """

    value: float
    deviation: float


def inception_score(
    probabilities: np.ndarray, *, num_splits: int = 10, seed: int = 0
) -> InceptionScore:
    """Computes the inception score `exp(mean KL(p(class | image) ‖ p(class)))`.

    The score is high if the classifier is certain about each sample and the
    samples are spread over many classes. It is the published Inception Score only
    for the 1008 classes of the Inception network. With another classifier it
    compares runs on one dataset. The marginal p(class) is estimated on each split,
    so the score depends on the number of samples.

    Args:
      probabilities: Probability of each class for each sample, `(n, num_classes)`.
      num_splits: Number of parts into which the shuffled samples are split.
      seed: Seed of the shuffle by NumPy's `RandomState`.

    Raises:
      ValueError: If the rows are not probabilities, or there are fewer rows than
        splits.

    References:
      Salimans et al., `Improved techniques for training GANs
      <https://arxiv.org/abs/1606.03498>`_, 2016.
    """
    p = np.asarray(probabilities, np.float64)
    if p.ndim != 2 or (p < 0).any() or not np.allclose(p.sum(axis=1), 1, atol=1e-3):
        raise ValueError(
            "inception_score: probabilities must have shape (n, num_classes), with non-negative "
            f"rows that sum to 1, got shape {p.shape}."
        )
    if not 1 <= num_splits <= len(p):
        raise ValueError(
            f"inception_score: num_splits must be between 1 and the number of samples, {len(p)}, "
            f"got {num_splits}."
        )
    p = p[np.random.RandomState(seed).permutation(len(p))]
    cuts = [index * len(p) // num_splits for index in range(num_splits + 1)]
    values = [_score(p[a:b]) for a, b in itertools.pairwise(cuts)]
    return InceptionScore(float(np.mean(values)), float(np.std(values)))


def _score(p: np.ndarray) -> float:
    """Computes the score of one split."""
    # By convention 0 log 0 is 0. A class of marginal 0 has probability 0 in every row.
    logs = np.log(np.where(p > 0, p, 1))
    marginal = p.mean(axis=0)
    marginal_logs = np.log(np.where(marginal > 0, marginal, 1))
    return float(np.exp((p * (logs - marginal_logs)).sum(axis=1).mean()))
