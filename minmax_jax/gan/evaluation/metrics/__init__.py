"""Quality of samples in numbers, from arrays of features, probabilities, classes or points.

Each in a file of its own, computed in float64 and in blocks of bounded memory. What the
features are is not known here: a score means something only beside its extractor and its
numbers of samples (see `evaluation`).
"""

from minmax_jax.gan.evaluation.metrics.bins import (
    DifferentBins,
    bin_centres,
    different_bins,
    different_proportions,
)
from minmax_jax.gan.evaluation.metrics.frechet import frechet_distance
from minmax_jax.gan.evaluation.metrics.kernel import KernelDistance, kernel_distance
from minmax_jax.gan.evaluation.metrics.neighbours import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
    squared_radii,
)
from minmax_jax.gan.evaluation.metrics.predictions import InceptionScore, inception_score
from minmax_jax.gan.evaluation.metrics.reach import (
    ClassCoverage,
    ModeCoverage,
    class_coverage,
    mode_coverage,
)

__all__ = [
    "ClassCoverage",
    "DensityCoverage",
    "DifferentBins",
    "InceptionScore",
    "KernelDistance",
    "ModeCoverage",
    "PrecisionRecall",
    "bin_centres",
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
