"""Tests that wrong arguments of every algorithm raise one line with a remedy."""

import functools
import inspect
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems
from tests.cases import CASES, Case
from tests.rows import each_case, row

each_oracle_case = pytest.mark.parametrize(
    "case", [row(case) for case in CASES if "field_fn" in case.needs]
)
PROBLEM = problems.quadratic
Z = PROBLEM.start


def error_of(call, expected):
    """Returns the one-line message of `call`, which must match `expected` and give a remedy."""
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert re.search(rf"^\w+( with lipschitz=L)?: {expected}.*\. [A-Z].*\.$", message), message
    return message


def update(optimizer, updates, state, params, **extra):
    """Traces one update, which compiles nothing."""
    functions = {"field_fn": PROBLEM.field_fn, "payoff_fn": PROBLEM.payoff_fn}
    extra = {**functions, "key": jax.random.key(3), **extra}
    return jax.eval_shape(lambda: optimizer.update(updates, state, params, **extra))


NOT_NUMBERS = (
    None,
    {"min": 0.1, "max": 0.1},
    [0.1],
    "0.1",
    True,
    1j,
    np.ones(3),
    jnp.ones((1,)),
    optax.sgd(0.1),
    mm.Players,
    optax.cosine_decay_schedule,
)
OUT_OF_RANGE = (-0.1, np.float32(-0.1), jnp.array(-0.1), float("nan"), float("inf"), 1e39, 10**400)


@each_case
def test_learning_rates_are_checked_per_player(case: Case):
    for bad in (*NOT_NUMBERS, *OUT_OF_RANGE):
        for learning_rate in (bad, mm.Players(bad, 0.1), mm.Players(0.1, bad)):
            error_of(lambda: case.make(learning_rate), r"learning_rate(\.min|\.max)? must be")  # noqa: B023


@each_case
def test_learning_rates_may_be_any_real_scalar(case: Case):
    for good in (0, 0.1, np.float32(0.1), np.array(0.1), jnp.array(0.1, "bfloat16"), jnp.array(0)):
        case.make(good)
        case.make(mm.Players(good, lambda count: 0.1))


@each_case
def test_schedules_must_return_numbers(case: Case):
    z = case.games.quadratic.start
    optimizer = case.make(lambda count: jnp.ones(2))
    expected = "learning_rate must return a number for an update count, got"
    error_of(lambda: update(optimizer, z, optimizer.init(z), z), expected)


def test_schedules_must_not_return_other_values():
    for bad in (None, mm.Players(0.1, 0.1), "0.1", True, 1j):
        optimizer = mm.sgda(lambda count: bad)  # noqa: B023
        error_of(lambda: optimizer.update(1.0, optimizer.init(1.0)), "learning_rate must return")  # noqa: B023


@each_case
def test_updates_of_another_tree_are_refused(case: Case):
    z = case.games.quadratic.start
    optimizer = case.make(case.learning_rate)
    state = jax.eval_shape(optimizer.init, z)
    longer = jax.tree.map(lambda x: jnp.zeros((5, *x.shape)), z)
    for updates in (1.0, (z, 1.0), longer, mm.Players(z.min, z.min)):
        error_of(
            lambda: jax.eval_shape(
                lambda s: update(optimizer, updates, s, z),  # noqa: B023
                state,
            ),
            "(updates and params must have the same tree|updates must be)",
        )


@each_case
def test_states_of_another_tree_are_refused(case: Case):
    if case.foreign_state:
        pytest.skip(case.foreign_state)
    optimizer, z = case.make(case.learning_rate), case.games.quadratic.start
    longer = jax.tree.map(lambda x: jnp.zeros((5, *x.shape)), z)
    renamed = mm.Players({"r": z.min["a"], "s": z.min["b"]}, {"t": z.max["c"], "u": z.max["d"]})
    own, other = (jax.eval_shape(optimizer.init, tree) for tree in (z, longer))
    if jax.tree.leaves(own) != jax.tree.leaves(other):
        for tree in (longer, renamed):
            state = jax.eval_shape(optimizer.init, tree)
            expected = "state must be made for the tree that is updated, but state"
            error_of(lambda: jax.eval_shape(lambda s: update(optimizer, z, s, z), state), expected)  # noqa: B023
    for state in (None, {}, z.min):
        error_of(lambda: update(optimizer, z, state, z), "state must be .*, got")  # noqa: B023


@each_case
def test_function_and_string_leaves_are_refused(case: Case):
    optimizer = case.make(case.learning_rate)
    strings = np.array("x"), np.array(None), jax.random.key(0)
    for leaf in (jnp.tanh, "float32", optax.sgd, object(), *strings):
        error_of(
            lambda: optimizer.init(mm.Players(Z.min, {"c": leaf})),  # noqa: B023
            r"params\.?(max)?\['c'\] must be a floating-point array, got",
        )


@each_case
def test_python_numbers_are_valid_updates_and_params(case: Case):
    if case.games is problems.SIMPLICES:
        pytest.skip("a probability vector has an axis")
    optimizer, field, z = case.make(case.learning_rate), mm.Players(1.0, -1.0), mm.Players(2.0, 1.0)
    extra = {"field_fn": lambda z, draw=0: field, "payoff_fn": lambda z, draw=0: z.min * 1.0}
    updates, _ = update(optimizer, field, optimizer.init(z), z, **extra)
    assert [leaf.shape for leaf in jax.tree.leaves(updates)] == [(), ()]


def _wrong_fields(idle):
    """Yields values that are not fields of the game, and the beginning of their errors.

    If `idle`, it omits functions that are found to be wrong when they are called.
    """
    payoff = PROBLEM.payoff
    yield 1.0, "field_fn must be callable, got 1.0"
    yield payoff, r"field_fn must take \(players, draw\), got"
    yield lambda z: z, r"field_fn must take \(players, draw\), got"
    has_aux = mm.zero_sum(lambda z: (payoff(z), 1.0), has_aux=True)
    yield has_aux, "field_fn must not have auxiliary outputs, got"
    if idle:
        return
    yield PROBLEM.payoff_fn, "field_fn must return Players"
    yield lambda z, draw: (z, 1.0), "field_fn must return Players"
    yield lambda z, draw: (z.min, z.max), "field_fn must return Players"
    yield lambda z, draw: None, "field_fn must return Players"
    yield lambda z, draw: mm.Players(z.min, z.min), r"field_fn\(players\) and players must have the"


@each_oracle_case
def test_values_that_are_not_fields_are_refused(case: Case):
    optimizer = case.make(case.learning_rate)
    state = optimizer.init(Z)
    for field_fn, expected in _wrong_fields(case.idle):
        error_of(lambda: update(optimizer, Z, state, Z, field_fn=field_fn), expected)  # noqa: B023
    message = error_of(lambda: update(optimizer, Z, state, Z, field_fn=None), "update needs field")
    assert "optax.GradientTransformationExtraArgs(steps.init, steps.update)" in message


@pytest.mark.parametrize("case", [row(case) for case in CASES if "payoff_fn" in case.needs])
def test_values_that_are_not_payoffs_are_refused(case: Case):
    optimizer, payoff = case.make(case.learning_rate), PROBLEM.payoff
    state = optimizer.init(Z)
    for payoff_fn, expected in (
        (1.0, "payoff_fn must be callable, got 1.0"),
        (payoff, r"payoff_fn must take \(players, draw\), got"),
        (PROBLEM.field_fn, "payoff_fn must return a real scalar, got Players"),
        (lambda z, draw: (payoff(z), 1.0), "payoff_fn must return a real scalar, got a tuple"),
        (lambda z, draw: jnp.ones(3), r"payoff_fn must return a real scalar, got shape"),
        (mm.payoff(lambda z: (payoff(z), 1.0), has_aux=True), "payoff_fn must not have aux"),
    ):
        error_of(lambda: update(optimizer, Z, state, Z, payoff_fn=payoff_fn), expected)  # noqa: B023


@pytest.mark.parametrize("case", [row(case) for case in CASES if "key" in case.needs])
def test_values_that_are_not_keys_are_refused(case: Case):
    optimizer = case.make(case.learning_rate)
    for key in (0, 0.5, "key", jnp.zeros(2), jax.random.split(jax.random.key(0))):
        error_of(lambda: update(optimizer, Z, optimizer.init(Z), Z, key=key), "key must be one")  # noqa: B023
    update(optimizer, Z, optimizer.init(Z), Z, key=jax.random.PRNGKey(0))


@each_oracle_case
def test_multi_steps_work_as_the_error_says(case: Case):
    steps = optax.MultiSteps(case.make(case.learning_rate), 2)
    error_of(lambda: mm.solve(steps, PROBLEM.field_fn, Z, 1), "optimizer must be an Optax .*, got")
    wrapped = optax.GradientTransformationExtraArgs(steps.init, steps.update)
    with pytest.raises(ValueError, match=r"needs field_fn.* If optax\.MultiSteps\("):
        update(steps.gradient_transformation(), Z, wrapped.init(Z), Z, field_fn=None)
    updates, _ = update(wrapped, Z, wrapped.init(Z), Z)
    assert jax.tree.structure(updates) == jax.tree.structure(Z)


@pytest.mark.parametrize("name", mm.optimizers)
def test_inject_hyperparams_works_with_static_ints(name):
    factory = mm.optimizers[name]
    parameters = inspect.signature(factory).parameters.values()
    static = {p.name for p in parameters if type(p.default) is int} | {"accept_every", "base"}
    static &= {p.name for p in parameters}
    if any(type(p.default) is int for p in parameters):
        optimizer = optax.inject_hyperparams(factory)(0.1)
        message = error_of(lambda: optimizer.init(Z), "[a-z_]+ must be a Python int .*, got")
        assert "static_args" in message
    optimizer = optax.inject_hyperparams(factory, static_args=static)(lambda count: 0.1)
    updates, _ = update(optimizer, Z, optimizer.init(Z), Z)
    assert jax.tree.structure(updates) == jax.tree.structure(Z)


def test_inject_hyperparams_varies_decay_rates_of_adam():
    with pytest.raises(TypeError, match=r"^adam_gda: b1 must be .* in optax.inject_hyperparams"):
        mm.adam_gda(0.1, b1=lambda count: 0.5)
    tx = optax.inject_hyperparams(mm.adam_gda)(
        0.1, b1=lambda count: jnp.where(count == 0, 0.5, 0.0)
    )
    state = tx.init(1.0)
    steps = []
    for g in (1.0, -1.0):
        step, state = tx.update(g, state)
        steps.append(float(step))
    np.testing.assert_allclose(steps, [-0.1, 0.1], rtol=1e-3)


_COUNTS = (0, -1, 2.0, "2", True, None, jnp.array(2), 2**31)
_OPTIONAL_COUNTS = tuple(bad for bad in _COUNTS if bad is not None)
_CHOICES = ("other", 0, None, {}, np.ones(2))
_FLAGS = ("yes", 2, None, np.ones(2))
_RULES = (0.1, "sgd", optax.sgd, {"min": 0.1}, optax.MultiSteps(optax.sgd(0.1), 2))
_OPTIONAL_RULES = (*_RULES, mm.Players(optax.sgd(0.1), 0.5))
_NUMBERS = tuple(bad for bad in (*NOT_NUMBERS, *OUT_OF_RANGE) if bad is not None)
_CONSTANTS = (*_NUMBERS, lambda count: 0.5)
_FUNCTIONS = (0.1, "clip", lambda: None)
_OPTIONAL = frozenset(
    "momentum lipschitz nested_step gradient_tolerance accept_probability".split()
)
BAD = {
    **dict.fromkeys(("b1", "b2"), (*_CONSTANTS, 1.0, 2.0)),
    **dict.fromkeys(("eps", "eps_root", "tolerance", "lipschitz"), _CONSTANTS),
    "momentum": (*NOT_NUMBERS[1:], float("nan"), 2.0, -2.0, lambda count: 0.5),
    **dict.fromkeys(("weight", "stddev", "gradient_tolerance", "min_improvement"), _NUMBERS),
    **dict.fromkeys(("slow_step", "decay", "accept_probability", "nested_step"), (*_NUMBERS, 1.5)),
    **dict.fromkeys(("strength", "max_strength"), _NUMBERS),
    **dict.fromkeys(("rate", "max_rate"), (*_NUMBERS, 1.5)),
    **dict.fromkeys(("min_extrapolation", "max_extrapolation"), _CONSTANTS),
    "relaxation": (*_CONSTANTS, 1.5),
    **dict.fromkeys(("min_power", "max_power"), (None, *_CONSTANTS, 1.5)),
    "comonotonicity": (*NOT_NUMBERS, float("nan"), float("inf"), float("-inf"), lambda k: 0.1),
    "alpha": (None, *_CONSTANTS, 0.5),
    "diameter": (None, *_CONSTANTS),
    "gradient_scale": (None, *_CONSTANTS, 0.0),
    "phi": (None, *_CONSTANTS, 0.5),
    "initial_step_size": _CONSTANTS,
    "max_step_size": (None, *_CONSTANTS),
    "tolerance_growth": (*_NUMBERS, 0.5),
    **dict.fromkeys(("proportional", "integral"), (None, *_NUMBERS)),
    "scale_by_pi.decay": (*NOT_NUMBERS, float("nan"), lambda count: 0.5, 1.0, -1.5),
    "angle": (*NOT_NUMBERS, float("nan"), float("inf"), lambda count: 0.5),
    "complex_trace.decay": (None, *_CONSTANTS, 1.5),
    "shrink": (None, *_CONSTANTS, 1.5),
    "backtrack": (None, *_CONSTANTS, 1.0),
    "power_iterations": _COUNTS,
    "bias_corrected_extragradient.relaxation": (None, *_NUMBERS, 1.5),
    "damping": (None, *_CONSTANTS),
    "penalty": (None, *_CONSTANTS, mm.Multipliers(-1.0, 1.0), mm.Multipliers(1.0, "1")),
    "growth": (None, *_CONSTANTS, 0.5),
    "increment": (None, *_CONSTANTS),
    "max_penalty": (*NOT_NUMBERS, -1.0, float("nan"), lambda count: 0.5),
    **dict.fromkeys(("initial", "grow"), _CHOICES),
    "restart": _FLAGS,
    **dict.fromkeys(("temperature", "gradient_bound"), (*NOT_NUMBERS, -1.0, float("nan"))),
    **dict.fromkeys(("sync_period", "max_steps", "every", "max_ascent_steps"), _COUNTS),
    **dict.fromkeys(("max_iterations",), _COUNTS),
    **dict.fromkeys(("num_steps", "begin"), _COUNTS[1:]),
    **dict.fromkeys(("accept_every", "nested_period"), _OPTIONAL_COUNTS),
    "max_rejections": _OPTIONAL_COUNTS[1:],
    **dict.fromkeys(("scope", "previous", "moments", "correction", "solver"), _CHOICES),
    **dict.fromkeys(("mean_over", "anchor", "scheme", "variant"), _CHOICES),
    **dict.fromkeys(("first", "player"), ("other", 0, {}, np.ones(2))),
    **dict.fromkeys(("nesterov", "bias_correction", "align", "warm_start", "stochastic"), _FLAGS),
    **dict.fromkeys(("restore_states", "restore_max", "feasible", "plus", "unroll"), _FLAGS),
    "overwrite_payoff": _FLAGS,
    "draws": _CHOICES,
    "parents": (["b"], 0.5, {"b": "a"}, {"b": ("a", 0.5)}, {"b": ("b", 0)}),
    "magnet": ("uniform", jnp.tanh, optax.sgd(0.1).init),
    **dict.fromkeys(("tx", "min", "max", "magnitude", "direction", "proposal", "ascent"), _RULES),
    "extrapolation_tx": _RULES,
    "transform": _OPTIONAL_RULES,
    "projection": (*_FUNCTIONS, mm.Players(None, 0.1), mm.Players(lambda: 1, None)),
    "base": _FUNCTIONS,
    "diagnostics": (None, [], {"norm": 1.0}, {"norm": lambda: 1.0}),
    **dict.fromkeys(("learning_rate",), (*NOT_NUMBERS, *OUT_OF_RANGE)),
    "extrapolation_learning_rate": (*_NUMBERS, mm.Players(0.1, None), mm.Players(-1.0, 0.1)),
}
"""Wrong values of every parameter of the optimizers and transformations."""

GIVEN = {
    **dict.fromkeys(("tx", "min", "max", "magnitude", "direction"), optax.sgd(0.1)),
    **dict.fromkeys(("proposal", "ascent"), optax.sgd(0.1)),
    **{"learning_rate": 0.1, "weight": 0.5, "stddev": 0.1, "slow_step": 0.5},
    **{"strength": 0.5, "rate": 0.5},
    **{"decay": 0.5, "angle": 0.4},
    **{"sync_period": 2, "num_steps": 2, "max_ascent_steps": 2, "gradient_tolerance": None},
    **{"every": 2},
    **{"projection": lambda x: x, "diagnostics": {}},
}
"""Valid values of the parameters that have no default."""


def _parameters():
    for name in sorted({case.algorithm for case in CASES}):
        function = getattr(mm, name)
        parameters = inspect.signature(function).parameters.values()
        required = {p.name: GIVEN[p.name] for p in parameters if p.default is p.empty}
        for parameter in parameters:
            if parameter.name != "name":
                yield pytest.param(
                    function, required, parameter.name, id=f"{name}-{parameter.name}"
                )


@pytest.mark.parametrize(("function", "required", "parameter"), list(_parameters()))
def test_parameter_refuses_wrong_values(function, required, parameter):
    more = {"nested_period": 10} if parameter == "nested_step" else {}
    name = function.__name__
    bad_values = BAD.get(f"{name}.{parameter}") or BAD[parameter]
    if parameter == "transform" and "tx" in required:
        bad_values = _RULES
    for bad in bad_values:
        call = functools.partial(function, **{**required, **more, parameter: bad})
        message = error_of(call, rf"{parameter}(\.min|\.max)? must ")
        assert message.startswith(f"{name}: ") and ", got " in message, message
    required = {**required, **more}
    function(**required)  # The other arguments are valid.
