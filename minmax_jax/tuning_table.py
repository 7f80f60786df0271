"""Table of the oracle calls of several tuned methods on several games."""

from collections.abc import Mapping

import numpy as np

from minmax_jax.tune import Tuning


def tuning_table(
    results: Mapping[str, Mapping[str, Tuning]],
    tolerance: float,
    *,
    relative: bool = True,
    learning_rates: bool = False,
) -> str:
    """Returns a Markdown table of the oracle calls to a tolerance, each at its best learning rate.

    A row is a method and a column a game. A cell is the median over starts and seeds, where runs
    that do not reach the tolerance count as infinite; it is followed by the number of runs that
    do, if some do not. "–" means that no run does. The last column is the share of all runs that
    reach the tolerance. Methods are sorted by it, and then by their mean logarithm of calls.

    Args:
      results: Results of `tune` by method and game, for example
        `{"sgda": {"xy": tune(...)}}`. All methods must have the same games.
      tolerance: Distance from the solution, as in `Tuning.calls`.
      relative: Whether it is relative to the distance of the start.
      learning_rates: Whether cells show the learning rate too, if it is one number.

    Returns:
      The table, without a final line break.

    Raises:
      ValueError: If there is no result, or methods have different games.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> rates = jnp.array([0.1, 0.5])
      >>> results = {
      ...     name: {"xy": mm.tune(mm.optimizers[name], mm.games.bilinear(), rates, budget=200)}
      ...     for name in ("sgda", "extragradient")
      ... }
      >>> print(mm.tuning_table(results, 1e-2, learning_rates=True))
      | method | xy | solved |
      |---|---:|---:|
      | `extragradient` | 90 (η = 0.5) | 100% |
      | `sgda` | – | 0% |
    """
    games = [tuple(row) for row in results.values()]
    if not games or not games[0] or set(map(frozenset, games)) != {frozenset(games[0])}:
        raise ValueError(
            f"tuning_table: results must hold the same games for each method, got {games}. Run all "
            "methods on all games."
        )
    calls = {
        method: {game: _best_calls(row[game], tolerance, relative) for game in games[0]}
        for method, row in results.items()
    }

    def worth(method: str) -> tuple[float, float]:
        every = np.concatenate(list(calls[method].values()))
        finite = every[np.isfinite(every)]
        mean = float(np.log(np.maximum(finite, 1)).mean()) if finite.size else np.inf
        return -finite.size / every.size, mean

    head = [
        f"| method | {' | '.join(games[0])} | solved |",
        f"|---|{'---:|' * (len(games[0]) + 1)}",
    ]
    for method in sorted(results, key=worth):
        cells = []
        for game in games[0]:
            rate = _rate(results[method][game], tolerance, relative) if learning_rates else ""
            cells.append(_cell(calls[method][game]) + rate)
        head.append(f"| `{method}` | {' | '.join(cells)} | {0.0 - worth(method)[0]:.0%} |")
    return "\n".join(head)


def _best_calls(tuning: Tuning, tolerance: float, relative: bool) -> np.ndarray:
    """Returns the calls of all runs at the best learning rate, or inf if there is none."""
    best = tuning.best(tolerance, relative=relative)
    calls = tuning.calls(tolerance, relative=relative)
    return np.full(calls[0].size, np.inf) if best is None else calls[best].reshape(-1)


def _rate(tuning: Tuning, tolerance: float, relative: bool) -> str:
    best = tuning.best(tolerance, relative=relative)
    is_shared = isinstance(tuning.learning_rates, np.ndarray)
    return f" (η = {tuning.learning_rates[best]:.3g})" if best is not None and is_shared else ""


def _cell(calls: np.ndarray) -> str:
    """Formats the median over runs, with the number of solved runs if some are not."""
    solved = int(np.isfinite(calls).sum())
    if solved == 0:
        return "–"
    middle = np.sort(calls)[(len(calls) - 1) // 2 : len(calls) // 2 + 1].mean()
    median = f"{middle:.0f}" if np.isfinite(middle) else "∞"
    return median if solved == len(calls) else f"{median} ({solved}/{len(calls)})"
