"""Rows of the register as parameters of tests, and runs of their optimizers."""

import jax
import jax.numpy as jnp
import pytest

import minmax_jax as mm
from tests.cases import CASES


def row(case, *more, suffix=""):
    """Returns a row as a parameter. Fast tests run only the first row of each algorithm.

    `.ci/run` tests each row on one Python version: a third of them, with the mark `newest`, on the
    newest one.
    """
    first = next(other for other in CASES if other.algorithm == case.algorithm) is case
    marks = [] if first else [pytest.mark.slow]
    marks.append(pytest.mark.oldest if CASES.index(case) % 3 else pytest.mark.newest)
    return pytest.param(case, *more, id=case.name.replace(" ", "-") + suffix, marks=marks)


each_case = pytest.mark.parametrize("case", [row(case) for case in CASES])


def each_case_with(name, values, fast):
    """Combines each row with each value. Fast tests run `fast` of the values per row, in turn."""
    algorithms = list(dict.fromkeys(case.algorithm for case in CASES))
    parameters = []
    for case in CASES:
        turn = algorithms.index(case.algorithm)
        for position, value in enumerate(values):
            parameter = row(case, value, suffix=f"-{value}")
            if (turn + position) % len(values) >= fast:
                parameter = pytest.param(
                    *parameter.values, id=parameter.id, marks=[*parameter.marks, pytest.mark.slow]
                )
            parameters.append(parameter)
    return pytest.mark.parametrize(f"case, {name}", parameters)


def run(optimizer, problem, num_steps, **options):
    def whole(start):
        return mm.solve(
            optimizer,
            problem.field_fn,
            start,
            num_steps,
            payoff_fn=problem.payoff_fn,
            key=jax.random.key(3),
            **options,
        )

    return jax.jit(whole)(problem.start)  # One program compiles faster than many operations.


def one_update(optimizer, problem, z, state, **extra):
    field_fn = problem.field_fn
    extra = {"payoff_fn": problem.payoff_fn, "key": jax.random.key(3), **extra}
    return optimizer.update(field_fn(z), state, z, field_fn=field_fn, **extra)


def distance(players, solution):
    return max(
        float(jnp.max(jnp.abs(a - b)))
        for a, b in zip(jax.tree.leaves(players), jax.tree.leaves(solution), strict=True)
    )
