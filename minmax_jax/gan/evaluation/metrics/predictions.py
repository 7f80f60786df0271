"""Inception-style score: samples that a classifier is sure of, of many classes."""

import itertools
from typing import NamedTuple

import numpy as np


class InceptionScore(NamedTuple):
    """Exponentiated mutual information of image and predicted class.

    Attributes:
      value: mean over the splits, between 1 and the number of classes.
      deviation: standard deviation over the splits.
    """

    value: float
    deviation: float


def inception_score(
    probabilities: np.ndarray, *, num_splits: int = 10, seed: int = 0
) -> InceptionScore:
    """Returns `exp(mean KL(p(class | image) ‖ p(class)))`, with the marginal of each split.

    Only with the Inception network's 1008 classes is this the published Inception Score;
    with another classifier it is of the same style, and compares runs on one data set. A
    split has few images for its marginal, so that the value depends on their number.

    Args:
      probabilities: of each class for each sample `(n, num_classes)`.
      num_splits: parts that the samples, shuffled, are cut into.
      seed: of the shuffle by NumPy's `RandomState`.

    Raises:
      ValueError: if the rows are no probabilities, or fewer than the splits.

    References:
      Salimans et al., `Improved techniques for training GANs
      <https://arxiv.org/abs/1606.03498>`_, 2016.
    """
    p = np.asarray(probabilities, np.float64)
    if p.ndim != 2 or (p < 0).any() or not np.allclose(p.sum(axis=1), 1, atol=1e-3):
        raise ValueError(
            "inception_score: probabilities must be (n, num_classes), each row adding up to 1, "
            f"got shape {p.shape}."
        )
    if not 1 <= num_splits <= len(p):
        raise ValueError(
            f"inception_score: num_splits={num_splits} with {len(p)} samples; give at least one "
            "sample for each split."
        )
    p = p[np.random.RandomState(seed).permutation(len(p))]
    cuts = [index * len(p) // num_splits for index in range(num_splits + 1)]
    values = [_score(p[a:b]) for a, b in itertools.pairwise(cuts)]
    return InceptionScore(float(np.mean(values)), float(np.std(values)))


def _score(p: np.ndarray) -> float:
    # 0 log 0 is 0; a class of marginal 0 has probability 0 in every row.
    logs = np.log(np.where(p > 0, p, 1))
    marginal = p.mean(axis=0)
    marginal_logs = np.log(np.where(marginal > 0, marginal, 1))
    return float(np.exp((p * (logs - marginal_logs)).sum(axis=1).mean()))
