"""Runs of greedy with four accept rules, and the check of their ends."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments._shared.command import environment
from experiments._shared.rounding import round_significant
from experiments.greedy.endpoints import check
from experiments.greedy.endpoints.config import Config
from experiments.greedy.functions.run import make_greedy

EVERY = 10
"""Proposals between two counts of the runs that are near the min-max point."""
REACH = (1.0, 6.0)
"""Range of |x| of the random control points."""


def rules(config: Config) -> dict[str, dict[str, Any]]:
    """Returns the arguments of `mm.greedy` by accept rule."""
    short, long = (count - 1 for count in config.rejections)  # A run stops at one more than this.
    return {
        "short": {"max_rejections": short},
        "long": {"max_rejections": long},
        "falling": {"max_rejections": long, "temperature": config.temperature},
        "fixed": {"max_rejections": long, "accept_probability": config.probability},
    }


def run(config: Config) -> dict[str, Any]:
    """Runs and checks everything; returns the content of the JSON file."""
    functions = {}
    for name in config.functions:
        game = mm.games.keswani(name)
        functions[name] = {
            "rules": {rule: run_rule(config, game, extra) for rule, extra in rules(config).items()},
            "controls": controls(config, game),
        }
    return {
        "config": dataclasses.asdict(config),
        **environment(),
        "every": EVERY,
        "functions": functions,
    }


def run_rule(config: Config, game: Any, extra: dict[str, Any]) -> dict[str, Any]:
    """Runs all seeds with one accept rule and checks their ends."""
    optimizer = make_greedy(config, **extra)

    @jax.jit
    @jax.vmap
    def solve(key: jax.Array) -> Any:
        return mm.solve(
            optimizer,
            game.field_fn,
            game.start,
            config.proposals,
            payoff_fn=game.payoff_fn,
            key=key,
            record=lambda step, z, updates, state: z.min,
        )

    end = jax.tree.map(np.asarray, solve(jax.vmap(jax.random.key)(jnp.arange(config.seeds))))
    return {
        "status": [mm.GreedyStatus(int(s)).name for s in end.state.status],
        "proposals": end.state.count.tolist(),
        "accepted": end.state.accepted.tolist(),
        "near": (np.abs(end.records[:, EVERY - 1 :: EVERY]) <= config.near).sum(0).tolist(),
        **checked(config, game, end.players),
    }


def controls(config: Config, game: Any) -> dict[str, Any]:
    """Checks points that are not ends of greedy: start, random points, and the end of GDA."""
    signs, sizes = jax.random.split(jax.random.key(config.seeds))
    shape = (config.seeds,)
    x = jax.random.rademacher(signs, shape) * jax.random.uniform(
        sizes, shape, minval=REACH[0], maxval=REACH[1]
    )
    ascend = jax.vmap(lambda x, y: check.ascend(config, game, x, y))
    start = jax.tree.map(lambda value: value[None], game.start)
    found = {
        "start": start._replace(max=ascend(*start)),
        "random": mm.Players(x, ascend(x, jnp.zeros(shape))),
    }
    gda = mm.solve(mm.sgda(config.learning_rate), game.field_fn, game.start, config.gda_steps)
    if all(map(jnp.isfinite, gda.players)):
        found["gda"] = jax.tree.map(lambda value: value[None], gda.players)
    return {name: checked(config, game, points) for name, points in found.items()}


def checked(config: Config, game: Any, points: mm.Players) -> dict[str, Any]:
    """Returns points with |∂_y f| and ω."""
    keys = jax.random.split(jax.random.key(config.seeds + 1), len(points.min))

    @jax.jit
    def measure(points: mm.Players) -> Any:
        return jax.lax.map(lambda one: check.conditions(config, game, *one), (points, keys))

    gradient, omega = measure(mm.Players(*map(jnp.asarray, points)))
    values = {"x": points.min, "y": points.max, "gradient": gradient, "omega": omega}
    return {name: round_significant(np.asarray(value)) for name, value in values.items()}
