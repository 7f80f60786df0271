"""One training run of suite `quality`: scored as it goes, until it is good or its steps are used.

A method is compiled once: rate and seed are arguments of the program.
"""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

import minmax_jax as mm
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.config import presets
from minmax_jax.gan.evaluation import evaluator, features
from minmax_jax.gan.objective import game
from minmax_jax.gan.training import build, nonfinite
from minmax_jax.gan.training import step as step_lib


class Problem(NamedTuple):
    """What is trained, and when it is good.

    Attributes:
      preset: of the trainer; its loss, and the ratio of the players' rates.
      fields: in which the trainer's configuration differs from the preset.
      score: name of the score.
      target: is reached at this value or below; of `modes_missed`, 0.
      steps: updates at most.
      every: updates between two scores.
      samples: how many are scored, of the averaged generator.
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
        """Oracle calls at most."""
        return 3 * self.steps

    def affordable(self, price: float) -> "Problem":
        """Returns the problem with as many updates as `calls` pay for, whole stretches."""
        steps = min(self.steps, max(1, int(self.calls / price / self.every)) * self.every)
        return self._replace(steps=steps)

    def described(self) -> dict[str, Any]:
        """For the record: data without the folders above it."""
        fields = {k: Path(v).name if k == "data" else v for k, v in self.fields.items()}
        return {**self._asdict(), "fields": fields, "calls": self.calls}


class Trained(NamedTuple):
    """The compiled functions of a method on a problem.

    Attributes:
      start: seed -> state.
      advance: `(state, seed, rate, until) -> state`.
      sample: state -> examples.
      score: examples -> number, infinite where it cannot be had.
    """

    start: Callable[..., Any]
    advance: Callable[..., Any]
    sample: Callable[..., Any]
    score: Callable[[np.ndarray], float]


class Bench:
    """A problem with its data, whose real examples are judged once for all methods."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        config = self.config("sgda")
        self.data = data_lib.load(config.data.source)
        self.images = jnp.asarray(self.data.images)
        extractor = features.build(features.default(self.data), self.data)
        metric = "modes" if self.data.modes else "frechet"
        self.judge = evaluator.Judge(self.data, extractor, (metric,))

    def config(self, method: str, seed: int = 0) -> Any:
        fields = {**self.problem.fields, "optimizer": method, "seed": seed}
        return presets.preset(self.problem.preset, **fields)

    def score(self, samples: np.ndarray) -> float:
        """Returns the Fréchet distance, or the number of modes that are missed."""
        found = self.judge(samples)["scores"]
        if self.problem.score == "modes_missed":
            return float(found["num_modes"] - found["modes_covered"])
        return float(found.get("frechet_distance", np.inf))

    def compile(self, method: str) -> Trained:
        """Returns the functions of a method."""
        played = self._game(method, 0)
        common = presets.preset(self.problem.preset)
        ratio = common.optimizer.learning_rate_max / common.optimizer.learning_rate_min

        def optimizer(rate: Any) -> Any:
            rates = {"learning_rate_min": rate, "learning_rate_max": ratio * rate}
            config = self.config(method).replace(**rates)
            return build.build_optimizer(config, _players(played))

        def advance(state: Any, seed: Any, rate: Any, until: Any, images: Any) -> Any:
            step = functools.partial(step_lib.train_step, played, optimizer(rate), 0.99)
            guarded = nonfinite.guard(step, "stop", axis_name=None)
            return lax.while_loop(
                lambda state: (state.step < until) & nonfinite.goes_on(state, "stop"),
                lambda state: guarded(state, images, seed)[0],
                state,
            )

        latents = data_lib.latents(
            jax.random.key(1), jnp.arange(self.problem.samples), played.pair.latent_dim
        )
        apply = played.pair.generator.apply  # BatchNorm by the batch's own statistics
        advancing = jax.jit(advance)
        return Trained(
            start=lambda seed: step_lib.init(self._game(method, seed), optimizer(1e-3)),
            advance=lambda *args: advancing(*args, self.images),
            sample=jax.jit(lambda state: apply(state.ema, state.stats.min, latents, train=True)[0]),
            score=self.score,
        )

    def _game(self, method: str, seed: int) -> game.Game:
        """The game on one device, outside any map over devices."""
        config = self.config(method, seed)
        played, _ = build.build_game(config, self.data, 1)
        pair = build.build_pair(config, self.data.images.shape[1:])
        return played._replace(pair=pair, axis_name=None)


def _players(played: game.Game) -> mm.Players:
    return mm.Players(played.pair.generator.params, played.pair.discriminator.params)


def run(trained: Trained, problem: Problem, rate: float, seed: int) -> dict[str, Any]:
    """Returns the curve of scores by step, and the seconds of one update.

    Seconds are those of training alone, the median over the stretches between scores after the
    first, so that neither compilation nor a slow minute of the machine counts.
    """
    state, curve, seconds = trained.start(seed), [], []
    for until in range(problem.every, problem.steps + 1, problem.every):
        begin = time.perf_counter()
        state = jax.block_until_ready(
            trained.advance(state, np.uint32(seed), np.float32(rate), np.int32(until))
        )
        seconds.append((time.perf_counter() - begin) / problem.every)
        broken = int(state.step) < until
        score = np.inf if broken else trained.score(np.asarray(trained.sample(state)))
        curve.append([until, None if not np.isfinite(score) else round(score, 4)])
        if broken or score <= problem.target:
            break
    return {
        "rate": rate,
        "seed": seed,
        "curve": curve,
        "reached": curve[-1][0] if score <= problem.target else None,
        "seconds_per_step": float(np.median(seconds[1:] or seconds)),
    }


def price(method: str, updates: int = 5) -> float:
    """Returns the oracle calls of an update: fields, J v and Jᵀ v, on a small Gaussian-mode GAN.

    What a method with an inner solver or an accept test asks for depends on the game.
    """
    small = mm.games.gaussian_gan(jax.random.key(0), batch_size=16, latent_dim=4, width=16)
    counted = mm.diagnostics.field_evaluations(small.field_fn)
    optimizer: Any = mm.optimizers[method](1e-3)
    state = optimizer.init(small.start)
    players: Any = small.start
    update = jax.jit(
        lambda state, players, key: optimizer.update(
            counted(players), state, players,
            field_fn=counted, payoff_fn=small.payoff_fn, key=key,
        )
    )  # fmt: skip
    for index in range(updates):
        steps, state = update(state, players, jax.random.key(index))
        players = optax.apply_updates(players, steps)
    return sum(counted.counts()) / updates
