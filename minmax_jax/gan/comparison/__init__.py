"""Comparison of runs on one dataset, as a table and a figure.

collect  reads configurations, metrics, scores and samples of the runs
results  evaluation results of a run, grouped by extractor and counts
table    Markdown table with one column per run
figure   curves, samples and scores
"""

from minmax_jax.gan.comparison.collect import ComparedRun, Comparison, compare

__all__ = ["ComparedRun", "Comparison", "compare"]
