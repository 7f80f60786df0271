"""Comparing runs: one table and one figure.

scored   the scores of a run, each with what judged it
collect  runs side by side: configuration, lines, scores, samples of the same latents
table    the table
figure   curves, samples and scores
"""

from minmax_jax.gan.comparison.collect import Compared, Comparison, compare

__all__ = ["Compared", "Comparison", "compare"]
