"""Our scores beside those of torch-fidelity and prdc, on the same features.

python -m tests.gan.evaluation.metrics.cross_check   # prints the table of docs/metrics.md
"""

from importlib import metadata

import numpy as np

from minmax_jax.gan.evaluation import metrics


def feature_sets():
    """Two sets of float32 features like a network's: positive parts of correlated normals."""
    random = np.random.default_rng(0)
    mix = random.normal(size=(24, 24)) / 5

    def draw(count, shift):
        return np.maximum(random.normal(shift, 1, (count, 24)) @ mix + 0.5, 0).astype(np.float32)

    return draw(1500, 0.0), draw(1200, 0.3)


def against_torch_fidelity():
    """Yields (what, ours, theirs)."""
    import torch
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

    real, samples = feature_sets()
    theirs = [torch.from_numpy(array.astype(np.float64)) for array in (real, samples)]
    statistics = [metric_fid.fid_features_to_statistics(array) for array in theirs]
    (fid,) = metric_fid.fid_statistics_to_metric(*statistics, False).values()
    yield "Fréchet distance", metrics.frechet_distance(real, samples), fid
    for subsets, size in ((20, 300), (1, 1200)):
        mean, deviation = metric_kid.kid_features_to_metric(
            *theirs, kid_subsets=subsets, kid_subset_size=size, rng_seed=7, verbose=False
        ).values()
        ours = metrics.kernel_distance(real, samples, num_subsets=subsets, subset_size=size, seed=7)
        name = f"kernel distance, {subsets} subset(s) of {size}"
        yield name, ours.value, mean
        if subsets > 1:
            yield f"{name}: deviation", ours.deviation, deviation
    for k in (1, 3, 5):
        prc = metric_prc.prc_features_to_metric(*theirs[::-1], prc_neighborhood=k, verbose=False)
        for name, value in metrics.precision_recall(real, samples, k)._asdict().items():
            yield f"{name}, k = {k}", value, prc[name]
    logits = 3 * np.random.default_rng(1).normal(size=(1003, 10))
    mean, deviation = metric_isc.isc_features_to_metric(
        torch.from_numpy(logits), 10, True, 5
    ).values()
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ours = metrics.inception_score(p, num_splits=10, seed=5)
    yield "inception score, 10 splits", ours.value, mean
    yield "inception score, 10 splits: deviation", ours.deviation, deviation


def against_prdc():
    """Yields (what, ours, theirs)."""
    import prdc

    real, samples = feature_sets()
    for k in (1, 3, 5):
        theirs = prdc.compute_prdc(real, samples, nearest_k=k)
        for score in (metrics.precision_recall, metrics.density_coverage):
            for name, value in score(real, samples, k)._asdict().items():
                yield f"{name}, k = {k}", value, theirs[name]


def main():
    print("| score | other library | ours | theirs | relative difference |\n|---|---|---|---|---|")
    for library, rows in (("torch-fidelity", against_torch_fidelity), ("prdc", against_prdc)):
        for what, ours, theirs in rows():
            print(f"| {what} | {library} {metadata.version(library)} | {ours:.8g} | {theirs:.8g} "
                  f"| {abs(ours - theirs) / abs(theirs):.0e} |")  # fmt: skip


if __name__ == "__main__":
    main()
