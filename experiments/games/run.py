"""Runs all methods on all games, two at a time."""

import dataclasses
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax

from experiments._shared.command import environment
from experiments.games.spectra import eigenvalues, plane
from experiments.games.suite import GAMES, Config, methods, selected
from experiments.games.sweep import measure


class Progress:
    """Prints one progress line that is updated after each task of several threads."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.start = total, 0, time.perf_counter()
        self.lock = threading.Lock()

    def tick(self, task: str) -> None:
        """Counts a finished task."""
        with self.lock:
            self.done += 1
            spent = time.perf_counter() - self.start
            left = spent * (self.total - self.done) / self.done
            line = f"{self.done}/{self.total}  {spent:4.0f} s  {left:4.0f} s left  {task}"
            end = "\n" if self.done == self.total else ""
            print(f"\r{line:<75.75}", end=end, flush=True)


def run(config: Config, *, with_spectra: bool = True) -> dict[str, Any]:
    """Runs all methods on all games, and returns the content of the JSON file.

    Without spectra, the entry `"games"` is empty.
    """
    start = time.perf_counter()
    games, factories = selected(config.games, GAMES), selected(config.methods, methods())
    pairs = [(method, game) for game in games for method in factories]
    drawn = games if with_spectra else {}
    progress = Progress(len(pairs) + len(drawn))

    def in_double(task: Callable[..., Any], *names: str) -> Any:
        with jax.enable_x64(True):  # The setting is per thread.
            found = task(*names)
        progress.tick(", ".join(names))
        return found

    def one_pair(method: str, game: str) -> dict[str, Any]:
        return measure(config, factories[method], games[game]())

    def one_game(game: str) -> dict[str, Any]:
        made, name = games[game](), config.spectrum_method
        rate = found[name, game]["drawn_rate"] if (name, game) in found else 0.1
        return {
            "solved": made.solution is not None,
            "plane": plane(made),
            "spectrum": {"rate": rate, **eigenvalues(config, methods()[name], rate, made)},
        }

    with ThreadPoolExecutor(2) as pool:
        found = dict(
            zip(pairs, pool.map(lambda pair: in_double(one_pair, *pair), pairs), strict=True)
        )
        seen = dict(
            zip(drawn, pool.map(lambda game: in_double(one_game, game), drawn), strict=True)
        )
    return {
        "config": dataclasses.asdict(config),
        **environment(),
        "seconds": round(time.perf_counter() - start, 1),
        "rates": [float(f"{rate:.4g}") for rate in config.learning_rates()],
        "games": seen,
        "methods": {name: {game: found[name, game] for game in games} for name in factories},
    }
