"""k-means: the same centres for the same features and seed, at any number of threads."""

import numpy as np

from minmax_jax.gan.evaluation.metrics import _arrays

MAX_ROUNDS = 100


def k_means(features: np.ndarray, num_centres: int, seed: int) -> np.ndarray:
    """Returns centres from which Lloyd's rounds move no row any more, or after `MAX_ROUNDS`.

    Starts from rows drawn with probability proportional to the squared distance from the
    nearest one drawn before. A centre that loses all its rows stays where it is.

    Args:
      features: `(n, dimension)`, float64.
      num_centres: how many, at most n.
      seed: of the start, by NumPy's `RandomState`.

    References:
      Lloyd, 1982; Arthur, Vassilvitskii, `k-means++: the advantages of careful seeding`, 2007.
    """
    centres = _start(features, num_centres, np.random.RandomState(seed))
    before = np.full(len(features), -1)
    for _ in range(MAX_ROUNDS):
        now = nearest(features, centres)
        if (now == before).all():
            break
        for index in np.unique(now):
            centres[index] = features[now == index].mean(axis=0)
        before = now
    return centres


def nearest(features: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Returns the index of each row's nearest centre, the first of two alike."""
    blocks = _arrays.squared_distances(features, centres)
    return np.concatenate([distances.argmin(axis=1) for _, distances in blocks])


def _start(features: np.ndarray, num: int, random: np.random.RandomState) -> np.ndarray:
    picked = [random.randint(len(features))]
    least = np.full(len(features), np.inf)
    while len(picked) < num:
        least = np.minimum(least, ((features - features[picked[-1]]) ** 2).sum(axis=1))
        total = least.sum()
        # Fewer different rows than centres: any row will do.
        weights = least / total if total > 0 else None
        picked.append(random.choice(len(features), p=weights))
    return features[picked].copy()
