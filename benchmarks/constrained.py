"""Suite `constrained`: constrained problems next to Cooper.

Three problems with exact solutions run with the same learning rates, in float64, in four orders of
updates, with the νPI controller and with a growing penalty. The suite reports the largest
difference of the iterates, the distance from the solution, and the time per step.
"""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

import minmax_jax as mm
from benchmarks import table
from benchmarks.constrained_cooper import CooperRun, is_installed
from benchmarks.constrained_problems import PROBLEMS, Problem

PI = (2.0, 1.0, 0.5)
"""Gains κ_p and κ_i and the decay of νPI."""
PENALTY = (0.2, 1.01)
"""Initial penalty, and its growth."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Numbers of steps: of a run, compared with Cooper, and per timed turn of single steps.

    The default methods are all.
    """

    steps: int = 4000
    cooper_steps: int = 100
    turn: int = 20
    rounds: int = 6
    problems: tuple[str, ...] = tuple(PROBLEMS)
    methods: tuple[str, ...] = ()


QUICK = Config(
    steps=3, cooper_steps=3, turn=2, rounds=2, problems=("polytope",), methods=("simultaneous",)
)


def made(exact: Problem) -> mm.ConstrainedProblem:
    """Returns a problem with an exact solution as a game."""
    functions = (exact.objective, exact.inequality, exact.equality)
    bound = [None if f is None else functools.partial(f, jnp) for f in functions]
    return mm.constrained(bound[0], *bound[1:])  # type: ignore[arg-type]


def methods(exact: Problem) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Returns the optimizer and the arguments of `CooperRun` of each method by name."""
    rates = mm.Players(*exact.learning_rates)
    project = mm.ConstrainedProblem.projection
    x_tx = optax.sgd(rates.min)
    dual_tx = optax.chain(optax.sgd(rates.max), mm.project(project))
    pi_tx = optax.chain(mm.scale_by_pi(*PI, initial="zero"), dual_tx)
    sgda = mm.sgda(rates, projection=project)
    x_first = mm.alternate(min=x_tx, max=dual_tx, first="min")
    augment = functools.partial(mm.augment_lagrangian, penalty=PENALTY[0], growth=PENALTY[1])
    growing = {"penalty": PENALTY}
    return {
        "simultaneous": (sgda, {"order": "simultaneous"}),
        "x first": (x_first, {"order": "x first"}),
        "multipliers first": (
            mm.alternate(min=x_tx, max=dual_tx, first="max"),
            {"order": "multipliers first"},
        ),
        "extragradient": (
            mm.extragradient(rates, projection=project),
            {"order": "extragradient"},
        ),
        "νPI": (mm.per_player(min=x_tx, max=pi_tx), {"order": "simultaneous", "pi": PI}),
        "augmented": (augment(sgda), {"order": "simultaneous", **growing}),
        "augmented, x first": (
            augment(x_first, grow="before"),
            {"order": "x first", **growing},
        ),
    }


def iterates(exact: Problem, optimizer: Any, num_steps: int) -> np.ndarray:
    """Returns x and the multipliers after each step."""
    problem = made(exact)

    def record(step: Any, players: mm.Players, updates: Any, state: Any) -> jax.Array:
        return ravel_pytree(players)[0]

    @jax.jit
    def run(x: jax.Array) -> Any:
        start = problem.init(x)
        return mm.solve(optimizer, problem.field_fn, start, num_steps, record=record).records

    return np.asarray(run(jnp.asarray(exact.start)))


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Compares all methods on all problems."""
    found: dict[str, Any] = {}
    with jax.enable_x64(True):
        for name in config.problems:
            note(f"constrained: {name}")
            exact = PROBLEMS[name]()
            pairs = methods(exact)
            chosen = config.methods or tuple(pairs)
            found[name] = {key: _compare(config, exact, *pairs[key]) for key in chosen}
    return {"config": dataclasses.asdict(config), "problems": found}


def _compare(
    config: Config, exact: Problem, optimizer: Any, cooper: dict[str, Any]
) -> dict[str, Any]:
    ours = iterates(exact, optimizer, config.steps)
    error = np.abs(ours[-1, : exact.start.size] - exact.solution).max()
    times = {
        "mm.solve": compiled(exact, optimizer, config.steps),
        "step": single(exact, optimizer, config.turn),
    }
    found: dict[str, Any] = {"error": float(error)}
    if is_installed():
        theirs = CooperRun(exact, **cooper).iterates(config.cooper_steps)
        found["difference"] = float(np.abs(ours[: config.cooper_steps] - theirs).max())
        timed = CooperRun(exact, **cooper)

        def cooper_run() -> None:
            for _ in range(config.turn):
                timed.step()

        times["Cooper"] = cooper_run
    steps = {"mm.solve": config.steps}
    seconds = {
        key: _processor_seconds(timed_run, config.rounds) / steps.get(key, config.turn)
        for key, timed_run in times.items()
    }
    return {**found, "seconds": seconds}


def _processor_seconds(timed_run: Callable[[], Any], rounds: int) -> float:
    """Returns the processor time of the fastest round after a warm-up.

    All implementations run in one thread, and other programs change its wall time, but hardly
    its processor time.
    """
    found = []
    for _ in range(rounds + 1):
        start = time.process_time()
        jax.block_until_ready(timed_run())
        found.append(time.process_time() - start)
    return min(found[1:])


def compiled(exact: Problem, optimizer: Any, num_steps: int) -> Callable[[], Any]:
    """Returns a function that runs all steps in one compiled program."""
    problem = made(exact)
    start = problem.init(jnp.asarray(exact.start))
    whole = jax.jit(lambda z: mm.solve(optimizer, problem.field_fn, z, num_steps).players)
    return lambda: whole(start)


def single(exact: Problem, optimizer: Any, num_steps: int) -> Callable[[], Any]:
    """Returns a function that calls a compiled step `num_steps` times."""
    problem = made(exact)
    field_fn = problem.field_fn

    @jax.jit
    def step(z: mm.Players, state: Any) -> tuple[mm.Players, Any]:
        updates, state = optimizer.update(field_fn(z), state, z, field_fn=field_fn)
        return optax.apply_updates(z, updates), state  # type: ignore[return-value]

    def run() -> mm.Players:
        z = problem.init(jnp.asarray(exact.start))
        state = optimizer.init(z)
        for _ in range(num_steps):
            z, state = step(z, state)
        return z

    return run


def report(result: dict[str, Any]) -> str:
    """Returns one table of all problems and methods."""
    rows = []
    for name, found in result["problems"].items():
        for method, values in found.items():
            difference = f"{values['difference']:.0e}" if "difference" in values else ""
            seconds = values["seconds"]
            theirs = f"{1e6 * seconds['Cooper']:,.0f}" if "Cooper" in seconds else ""
            ours = (f"{1e6 * seconds['mm.solve']:.2f}", f"{1e6 * seconds['step']:,.0f}")
            rows.append((name, method, difference, f"{values['error']:.0e}", *ours, theirs))
    head = (
        "problem",
        "method",
        "largest difference from Cooper",
        "distance from the solution",
        "`mm.solve`, µs per step",
        "compiled step, µs per step",
        "Cooper, µs per step",
    )
    return table.markdown(head, rows)
