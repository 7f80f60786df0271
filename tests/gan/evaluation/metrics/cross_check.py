"""Compares the metrics with torch-fidelity and prdc on the same features.

python -m tests.gan.evaluation.metrics.cross_check   # prints the table of docs/metrics.md
"""

from importlib import metadata

import numpy as np

from minmax_jax.gan.evaluation import metrics


def feature_sets():
    """Returns two float32 feature sets: positive parts of correlated normals, as in a network."""
    random = np.random.default_rng(0)
    mix = random.normal(size=(24, 24)) / 5

    def draw(count, shift):
        return np.maximum(random.normal(shift, 1, (count, 24)) @ mix + 0.5, 0).astype(np.float32)

    return draw(1500, 0.0), draw(1200, 0.3)


def against_torch_fidelity():
    """Yields the name of a score, its value here, and its value in the other library."""
    import torch
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

    real, samples = feature_sets()
    tensors = [torch.from_numpy(array.astype(np.float64)) for array in (real, samples)]
    statistics = [metric_fid.fid_features_to_statistics(array) for array in tensors]
    (fid,) = metric_fid.fid_statistics_to_metric(*statistics, False).values()
    yield "Fréchet distance", metrics.frechet_distance(real, samples), fid
    for subsets, size in ((20, 300), (1, 1200)):
        mean, deviation = metric_kid.kid_features_to_metric(
            *tensors, kid_subsets=subsets, kid_subset_size=size, rng_seed=7, verbose=False
        ).values()
        found = metrics.kernel_distance(
            real, samples, num_subsets=subsets, subset_size=size, seed=7
        )
        name = f"kernel distance, {subsets} subset(s) of {size}"
        yield name, found.value, mean
        if subsets > 1:
            yield f"{name}: deviation", found.deviation, deviation
    for k in (1, 3, 5):
        prc = metric_prc.prc_features_to_metric(*tensors[::-1], prc_neighborhood=k, verbose=False)
        for name, value in metrics.precision_recall(real, samples, k)._asdict().items():
            yield f"{name}, k = {k}", value, prc[name]
    logits = 3 * np.random.default_rng(1).normal(size=(1003, 10))
    mean, deviation = metric_isc.isc_features_to_metric(
        torch.from_numpy(logits), 10, True, 5
    ).values()
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = metrics.inception_score(p, num_splits=10, seed=5)
    yield "inception score, 10 splits", found.value, mean
    yield "inception score, 10 splits: deviation", found.deviation, deviation


def against_prdc():
    """Yields the name of a score, its value here, and its value in the other library."""
    import prdc

    real, samples = feature_sets()
    for k in (1, 3, 5):
        reference = prdc.compute_prdc(real, samples, nearest_k=k)
        for score in (metrics.precision_recall, metrics.density_coverage):
            for name, value in score(real, samples, k)._asdict().items():
                yield f"{name}, k = {k}", value, reference[name]


def main():
    print("| Score | Other library | `minmax_jax` | Other value | Relative difference |")
    print("|---|---|---|---|---|")
    for library, rows in (("torch-fidelity", against_torch_fidelity), ("prdc", against_prdc)):
        for name, value, reference in rows():
            difference = abs(value - reference) / abs(reference)
            version = f"{library} {metadata.version(library)}"
            print(f"| {name} | {version} | {value:.8g} | {reference:.8g} | {difference:.0e} |")


if __name__ == "__main__":
    main()
