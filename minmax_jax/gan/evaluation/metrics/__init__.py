"""Evaluation metrics for arrays of features, probabilities, classes or points.

All metrics are computed in float64 and in blocks of bounded memory. They do not
depend on where the features come from: a score can be compared only with scores
of the same extractor and the same number of samples.
"""

from minmax_jax.gan.evaluation.metrics.bins import (
    DifferentBins,
    bin_centers,
    different_bins,
    different_proportions,
)
from minmax_jax.gan.evaluation.metrics.coverage import (
    ClassCoverage,
    ModeCoverage,
    class_coverage,
    mode_coverage,
)
from minmax_jax.gan.evaluation.metrics.frechet import frechet_distance
from minmax_jax.gan.evaluation.metrics.inception_score import InceptionScore, inception_score
from minmax_jax.gan.evaluation.metrics.kernel import KernelDistance, kernel_distance
from minmax_jax.gan.evaluation.metrics.neighbors import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
    squared_radii,
)

__all__ = [
    "ClassCoverage",
    "DensityCoverage",
    "DifferentBins",
    "InceptionScore",
    "KernelDistance",
    "ModeCoverage",
    "PrecisionRecall",
    "bin_centers",
    "class_coverage",
    "density_coverage",
    "different_bins",
    "different_proportions",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "mode_coverage",
    "precision_recall",
    "squared_radii",
]
