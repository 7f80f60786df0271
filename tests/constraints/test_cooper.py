"""Iterates of constrained problems next to Cooper, if it is installed."""

import jax
import numpy as np
import pytest

import minmax_jax as mm
from benchmarks import constrained
from benchmarks.constrained import iterates, methods
from benchmarks.constrained_problems import PROBLEMS


@pytest.mark.parametrize("name", PROBLEMS)
def test_iterates_equal_those_of_cooper(name):
    pytest.importorskip("cooper", reason="needs the extra peers (cooper-optim)")
    from benchmarks.constrained_cooper import CooperRun

    exact = PROBLEMS[name]()
    with jax.enable_x64(True):
        for optimizer, options in methods(exact).values():
            ours = iterates(exact, optimizer, 200)
            theirs = CooperRun(exact, **options).iterates(200)
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PROBLEMS)
def test_additive_penalties_equal_those_of_cooper(name):
    pytest.importorskip("cooper", reason="needs the extra peers (cooper-optim)")
    from benchmarks.constrained_cooper import CooperRun

    exact = PROBLEMS[name]()
    rates = mm.Players(*exact.learning_rates)
    sgda = mm.sgda(rates, projection=mm.ConstrainedProblem.projection)
    options = {"order": "simultaneous", "penalty": (0.2, 1.0, 0.01)}
    with jax.enable_x64(True):
        ours = iterates(exact, mm.augment_lagrangian(sgda, 0.2, growth=1.0, increment=0.01), 200)
        theirs = CooperRun(exact, **options).iterates(200)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_benchmark_reports_without_cooper(monkeypatch):
    monkeypatch.setattr(constrained, "is_installed", lambda: False)
    result = constrained.run(constrained.QUICK, lambda progress: None)
    (row,) = constrained.report(result).splitlines()[2:]
    assert row.startswith("| polytope | simultaneous |  |")
