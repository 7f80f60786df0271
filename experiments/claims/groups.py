"""All claims, by paper."""

from experiments.claims import (
    adaptive_images,
    adaptive_synthetic,
    greedy,
    one_sided,
    one_sided_games,
    surveys,
)
from experiments.claims.row import Row

GROUPS: dict[str, list[Row]] = {
    "A: Adam's magnitude and direction (arXiv 2210.04319)": [
        *adaptive_synthetic.ROWS,
        *adaptive_images.ROWS,
        *adaptive_synthetic.VARIATIONS,
    ],
    "B: one-sided convergence (arXiv 2109.14213)": [
        *one_sided_games.RATE,
        *one_sided.ROWS,
        *one_sided_games.NOISE,
    ],
    "C: greedy accept test (arXiv 2006.12376)": greedy.ROWS,
    "Surveys": surveys.ROWS,
}
