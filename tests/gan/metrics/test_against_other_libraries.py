"""Every score that torch-fidelity or prdc computes, on the same features, to 1e-4 relative."""

import numpy as np
import pytest

from minmax_jax.gan import metrics

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def features():
    """Two sets of float32 features like a network's: positive parts of correlated normals."""
    random = np.random.default_rng(0)
    mix = random.normal(size=(24, 24)) / 5
    draw = lambda n, shift: np.maximum(random.normal(shift, 1, (n, 24)) @ mix + 0.5, 0)  # noqa: E731
    return draw(1500, 0.0).astype(np.float32), draw(1200, 0.3).astype(np.float32)


@pytest.fixture(scope="module")
def torch():
    pytest.importorskip("torch_fidelity", reason="needs the extra fid (torch-fidelity)")
    return pytest.importorskip("torch", reason="needs the extra fid (torch)")


def test_frechet_distance_is_torch_fidelitys(features, torch):
    from torch_fidelity import metric_fid

    first, second = (
        metric_fid.fid_features_to_statistics(torch.from_numpy(f.astype(np.float64)))
        for f in features
    )
    theirs = metric_fid.fid_statistics_to_metric(first, second, False)
    ours = metrics.frechet_distance(*features)
    np.testing.assert_allclose(ours, theirs["frechet_inception_distance"], rtol=TOLERANCE)


@pytest.mark.parametrize(("subsets", "size"), [(20, 300), (1, 1200)])
def test_kernel_distance_is_torch_fidelitys_on_the_same_subsets(features, torch, subsets, size):
    from torch_fidelity import metric_kid

    theirs = metric_kid.kid_features_to_metric(
        *(torch.from_numpy(f.astype(np.float64)) for f in features),
        kid_subsets=subsets, kid_subset_size=size, rng_seed=7, verbose=False,
    )  # fmt: skip
    ours = metrics.kernel_distance(*features, num_subsets=subsets, subset_size=size, seed=7)
    mean, deviation = theirs.values()
    np.testing.assert_allclose(ours.value, mean, rtol=TOLERANCE)
    np.testing.assert_allclose(ours.deviation, deviation, rtol=TOLERANCE, atol=1e-12)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_and_recall_are_torch_fidelitys(features, torch, k):
    from torch_fidelity import metric_prc

    real, samples = features
    theirs = metric_prc.prc_features_to_metric(
        torch.from_numpy(samples.astype(np.float64)), torch.from_numpy(real.astype(np.float64)),
        prc_neighborhood=k, verbose=False,
    )  # fmt: skip
    ours = metrics.precision_recall(real, samples, k)
    np.testing.assert_allclose(ours, (theirs["precision"], theirs["recall"]), rtol=TOLERANCE)


def test_inception_score_is_torch_fidelitys(torch):
    from torch_fidelity import metric_isc

    logits = 3 * np.random.default_rng(1).normal(size=(1003, 10))
    theirs = metric_isc.isc_features_to_metric(torch.from_numpy(logits), 10, True, 5)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ours = metrics.inception_score(p, num_splits=10, seed=5)
    np.testing.assert_allclose(ours, tuple(theirs.values()), rtol=TOLERANCE)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_recall_density_coverage_are_prdcs(features, k):
    prdc = pytest.importorskip("prdc", reason="needs prdc, of the extra dev")

    theirs = prdc.compute_prdc(*features, nearest_k=k)
    ours = metrics.precision_recall(*features, k), metrics.density_coverage(*features, k)
    expected = [theirs[name] for name in ("precision", "recall", "density", "coverage")]
    np.testing.assert_allclose((*ours[0], *ours[1]), expected, rtol=TOLERANCE)
