"""One training run of the suite `quality`, scored until it reaches its target.

An optimizer is compiled once: learning rate and seed are arguments of the program.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm
from benchmarks import step
from minmax_jax import gan


class Problem(NamedTuple):
    """A training problem and its target.

    Attributes:
      preset: Preset of the trainer, for its loss and the ratio of the learning rates.
      fields: Configuration values that differ from the preset.
      score: Name of the score.
      target: Score at or below which the problem is solved; 0 for `modes_missed`.
      steps: Maximum number of updates.
      every: Number of updates between two evaluations.
      samples: Number of samples per evaluation, from the averaged generator.
    """

    preset: str
    fields: dict[str, Any]
    score: str
    target: float
    steps: int
    every: int
    samples: int

    @property
    def calls(self) -> int:
        """Maximum number of oracle calls."""
        return 3 * self.steps

    def limit_calls(self, cost: float) -> "Problem":
        """Returns the problem with the updates that `calls` allow, a multiple of `every`."""
        steps = min(self.steps, max(1, int(self.calls / cost / self.every)) * self.every)
        return self._replace(steps=steps)

    def to_json(self) -> dict[str, Any]:
        """Returns the problem for the record; a data folder is named without its parents."""
        fields = {k: Path(v).name if k == "data" else v for k, v in self.fields.items()}
        return {**self._asdict(), "fields": fields, "calls": self.calls}


class Trained(NamedTuple):
    """Compiled functions of one optimizer on a problem.

    Attributes:
      start: Function `seed -> state` that creates the initial state.
      advance: Function `(state, seed, learning_rate, until) -> state` that trains up to step
        `until`.
      sample: Function `state -> samples`.
      score: Function `samples -> score`. The score is infinite if it cannot be computed.
    """

    start: Callable[..., Any]
    advance: Callable[..., Any]
    sample: Callable[..., Any]
    score: Callable[[np.ndarray], float]


class Bench:
    """A problem with its data and evaluator, shared by all optimizers."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        config = self.config("sgda")
        self.data = gan.load_data(config.data.source)
        self.images = jnp.asarray(self.data.images)
        extractor = gan.build_extractor(gan.default_extractor(self.data), self.data)
        metric = "modes" if self.data.modes else "frechet"
        self.evaluator = gan.SampleEvaluator(self.data, extractor, (metric,))

    def config(self, method: str, seed: int = 0) -> Any:
        """Returns the configuration; one call performs the steps between two evaluations."""
        fields = {"ema_decay": 0.99, "steps_per_call": self.problem.every, **self.problem.fields}
        return gan.preset(self.problem.preset, **fields, optimizer=method, seed=seed)

    def score(self, samples: np.ndarray) -> float:
        """Returns the Fréchet distance, or the number of missed modes."""
        found = self.evaluator(samples)["scores"]
        if self.problem.score == "modes_missed":
            return float(found["num_modes"] - found["modes_covered"])
        return float(found.get("frechet_distance", np.inf))

    def compile(self, method: str) -> Trained:
        """Returns the compiled functions of an optimizer."""
        config, game = self.config(method), self._game(method, 0)
        common = gan.preset(self.problem.preset).optimizer  # the same ratio for all optimizers
        ratio = common.learning_rate_max / common.learning_rate_min
        params = step.players_of(game.pair)

        def optimizer_fn(rates: mm.Players) -> Any:
            traced = config.replace(learning_rate_min=rates.min, learning_rate_max=rates.max)
            return gan.build_optimizer(traced, params)

        def advance(state: Any, seed: Any, learning_rate: Any, until: Any) -> Any:
            rates = mm.Players(learning_rate, np.float32(ratio) * learning_rate)
            return program.advance(state, self.images, seed, rates, until)[0]

        program = gan.compile_tunable_program(game, optimizer_fn, config)
        optimizer = optimizer_fn(mm.Players(1e-3, 1e-3))
        latents = gan.draw_latents(
            jax.random.key(1), jnp.arange(self.problem.samples), game.pair.latent_dim
        )
        apply = game.pair.generator.apply  # with the batch statistics of BatchNorm

        def start(seed: int) -> Any:
            state = gan.init_state(self._game(method, seed), optimizer)
            return jax.tree.map(jnp.copy, state)  # donated buffers must not be shared

        return Trained(
            start=start,
            advance=advance,
            sample=jax.jit(lambda state: apply(state.ema, state.stats.min, latents, train=True)[0]),
            score=self.score,
        )

    def _game(self, method: str, seed: int) -> Any:
        """Returns the game on one device, without a mapped axis."""
        config = self.config(method, seed)
        game, _ = gan.build_game(config, self.data, 1)
        pair = gan.build_pair(config, self.data.images.shape[1:])
        return game._replace(pair=pair, axis_name=None)


def run(trained: Trained, problem: Problem, learning_rate: float, seed: int) -> dict[str, Any]:
    """Returns the scores by step, and the seconds per update.

    The seconds exclude evaluation. They are the median over the intervals between evaluations,
    without the first one, which includes compilation.
    """
    state, curve, seconds = trained.start(seed), [], []
    for until in range(problem.every, problem.steps + 1, problem.every):
        begin = time.perf_counter()
        state = jax.block_until_ready(
            trained.advance(state, np.uint32(seed), np.float32(learning_rate), np.int32(until))
        )
        seconds.append((time.perf_counter() - begin) / problem.every)
        stopped = int(state.step) < until  # at an update that is not finite
        score = np.inf if stopped else trained.score(np.asarray(trained.sample(state)))
        curve.append([until, None if not np.isfinite(score) else round(score, 4)])
        if stopped or score <= problem.target:
            break
    return {
        "learning_rate": learning_rate,
        "seed": seed,
        "curve": curve,
        "reached": curve[-1][0] if score <= problem.target else None,
        "seconds_per_step": float(np.median(seconds[1:] or seconds)),
    }


def cost_per_update(method: str, updates: int = 5) -> float:
    """Returns the evaluations of F, Jv and Jᵀv per update, on a small Gaussian-mode GAN.

    For optimizers with an inner solver or an accept test, the number depends on the game.
    """
    small = mm.games.gaussian_gan(jax.random.key(0), batch_size=16, latent_dim=4, width=16)
    counted = mm.diagnostics.field_evaluations(small.field_fn)
    optimizer: Any = mm.optimizers[method](1e-3)
    state = optimizer.init(small.start)
    players: Any = small.start
    update = jax.jit(
        lambda state, players, key: optimizer.update(
            counted(players),
            state,
            players,
            field_fn=counted,
            payoff_fn=small.payoff_fn,
            key=key,
        )
    )
    for index in range(updates):
        steps, state = update(state, players, jax.random.key(index))
        players = optax.apply_updates(players, steps)
    return sum(counted.counts()) / updates
