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
    "A: magnitude and direction": [
        *adaptive_synthetic.ROWS,
        *adaptive_images.ROWS,
        *adaptive_synthetic.VARIATIONS,
    ],
    "B: one-sided convergence": [
        *one_sided_games.RATE,
        *one_sided.ROWS,
        *one_sided_games.NOISE,
    ],
    "C: greedy accept test": greedy.ROWS,
    "Surveys": surveys.ROWS,
}
