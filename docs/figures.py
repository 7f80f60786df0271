"""Draws the figures of the README and of the pages: `python docs/figures.py`.

The image `mnist.png` is the file `samples.png` of the README's training command. `choice.png` shows
the record of `python -m experiments.games`.
"""

import json
from pathlib import Path
from typing import Any

import jax
import matplotlib
import numpy as np

import minmax_jax as mm
from minmax_jax import games

matplotlib.use("Agg")
import matplotlib.pyplot as plt

IMAGES = Path(__file__).parent / "images"
RECORD = Path(__file__).parents[1] / "experiments/results/games/games.json"
BILINEAR = ("sgda", "optimistic_gda", "extragradient", "competitive")
DIMENSION, STEPS = 1000, 10_000
MODES = {  # learning rates: best cells of `experiments.dissecting.theory` at this dimension
    "sgda": (mm.sgda, mm.Players(min=0.193, max=0.0518)),
    "nsgda": (mm.nsgda, mm.Players(min=0.00518, max=0.139)),
}
CHOICE = (  # methods of the page `choose_a_method.md`, one or two per family
    "sgda", "adam_gda", "optimistic_gda", "past_extragradient", "golden_ratio", "extragradient",
    "adaptive_golden_ratio", "adaptive_extragradient", "alternating_extrapolation",
    "smoothed_gda", "curvature_extragradient", "bias_corrected_extragradient", "consensus",
    "competitive", "adaptive_competitive", "follow_the_ridge",
)  # fmt: skip


def draw_bilinear(path: Path, num_steps: int = 60) -> None:
    """Draws the trajectories of four optimizers on f(x, y) = xy."""
    field_fn = mm.zero_sum(lambda z: z.min * z.max)
    start = mm.Players(min=1.0, max=1.0)
    figure, axes = plt.subplots(1, len(BILINEAR), figsize=(10, 2.9), layout="constrained")
    for axis, name in zip(axes, BILINEAR, strict=True):
        optimizer = mm.optimizers[name](learning_rate=0.3)
        result = mm.solve(
            optimizer, field_fn, start, num_steps, record=lambda step, players, *rest: players
        )
        x, y = (np.append(1.0, values) for values in result.records)
        axis.plot(x, y, "o-", markersize=2, linewidth=0.8, color="C0")
        axis.plot(1, 1, "o", color="0.3", markersize=5)
        axis.plot(0, 0, "*", color="C3", markersize=11)
        axis.set(title=name, xlabel="x", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6), aspect="equal")
    axes[0].set_ylabel("y")
    _save(figure, path)


def draw_modes(path: Path) -> None:
    """Draws the generator's points of the two-mode GAN during training with two optimizers."""
    figure, axes = plt.subplots(
        1, len(MODES), figsize=(7.5, 4.4), layout="constrained", sharey=True
    )
    with jax.enable_x64(True):
        game = games.modes(jax.random.key(0), dimension=DIMENSION)
        start = games.modes_span(game.start)  # the same run in fewer dimensions
        for axis, (name, (make, learning_rate)) in zip(axes, MODES.items(), strict=True):
            options: dict[str, Any] = {"scope": "global"} if name == "nsgda" else {}
            result = mm.solve(
                make(learning_rate, **options),
                game.field_fn,
                start,
                STEPS,
                record=lambda step, players, *rest: players.min["v"],
            )
            outcome = games.OUTCOMES[int(games.modes_outcome(result.players))]
            found = {"both": "finds both modes", "one": "finds one mode"}
            _draw_points(axis, np.asarray(result.records))
            axis.set_title(f"{name}: {found.get(outcome, 'finds no mode')}")
    axes[0].set_ylabel("second coordinate")
    _save(figure, path)


def _draw_points(axis: Any, points: np.ndarray) -> None:
    """Draws the paths of all points, of shape (steps, points, dimension), and the modes."""
    modes = np.asarray(games.modes_points(0.3))
    for mode in modes:
        axis.plot(*np.outer([0, 3.3], mode).T, color="0.7", linewidth=0.8, linestyle="--")
    for index in range(points.shape[1]):
        path = points[:, index, :2]
        axis.plot(*path.T, linewidth=0.8, color=f"C{index}")
        axis.plot(*path[-1], "o", markersize=5, color=f"C{index}")
    axis.plot(*modes.T, "k*", markersize=13)
    axis.set(aspect="equal", xlim=(-0.3, 2.2), ylim=(-0.4, 3.2), xlabel="first coordinate")


def draw_choice(path: Path, record: Path = RECORD) -> None:
    """Draws the oracle calls that methods need on each small game, from the record."""
    result = json.loads(record.read_text())
    games = [name for name, game in result["games"].items() if game["solved"]]
    calls = np.array([[_median_calls(result, method, game) for game in games] for method in CHOICE])
    figure, axis = plt.subplots(figsize=(9.5, 5.6), layout="constrained")
    shown = np.ma.masked_invalid(np.log10(calls))
    axis.imshow(shown, cmap="viridis_r", aspect="auto", vmin=0.5, vmax=3.6)
    for (row, column), value in np.ndenumerate(calls):
        solved = np.isfinite(value)
        color = "white" if solved and value > 120 else "black" if solved else "0.6"
        text = f"{value:.0f}" if solved else "–"
        axis.text(column, row, text, ha="center", va="center", color=color, fontsize=9)
    axis.set_xticks(range(len(games)), games, rotation=35, ha="right")
    axis.set_yticks(range(len(CHOICE)), CHOICE)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    _save(figure, path)


def _median_calls(result: dict[str, Any], method: str, game: str) -> float:
    """Returns the median over the starts, which is infinite if half of them are not solved."""
    calls = result["methods"][method][game]["tolerances"][0]["calls"]
    return float(np.median([np.inf if count is None else count for count in calls]))


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
    plt.close(figure)


if __name__ == "__main__":
    draw_bilinear(IMAGES / "bilinear.png")
    draw_modes(IMAGES / "modes.png")
    draw_choice(IMAGES / "choice.png")
