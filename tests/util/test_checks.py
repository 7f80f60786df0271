"""Checks of numbers, functions and trees."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax._util import checks


@pytest.mark.parametrize("value", [3, np.int32(3), np.int64(3), np.uint8(3)])
def test_counts_become_python_ints(value):
    assert type(checks.check_count("f", "n", value)) is int


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        (1e3, r"Pass 1000\."),
        (np.float64(2), r"Pass 2\."),
        (2.5, r"Pass an int\."),
        ("2", r"Pass an int\."),
        (jnp.array(2), "It determines the compiled program, .* static_args"),
    ],
)
def test_other_counts_are_refused_with_a_remedy(value, remedy):
    message = rf"^f: n must be a Python int of at least 1, got .*\. {remedy}"
    with pytest.raises(TypeError, match=message):
        checks.check_count("f", "n", value)


@pytest.mark.parametrize("value", [0.5, np.float64(0.5), np.array(0.5), jnp.array(0.5, "float16")])
def test_numbers_are_returned_as_they_are(value):
    assert checks.check_number("f", "x", value, below=1.0) is value


def test_numbers_may_be_traced_or_concrete_inside_jit():
    outer = jnp.array(0.5)

    @jax.jit
    def inside(traced):
        assert checks.check_number("f", "x", traced) is traced
        with pytest.raises(ValueError, match=r"^f: x must be at least 1, got 0\.5"):
            checks.check_number("f", "x", outer, low=1.0)
        with pytest.raises(TypeError, match=r"^f: x must be a number"):
            checks.check_number("f", "x", jnp.stack([traced, traced]))
        return traced

    jax.eval_shape(inside, outer)


def test_largest_number_depends_on_precision():
    with pytest.raises(ValueError, match=r"^f: x must be a finite number, got 1e\+39"):
        checks.check_number("f", "x", 1e39)
    with jax.enable_x64(True):
        assert checks.check_number("f", "x", 1e39) == 1e39
    assert checks.check_number("f", "x", float("inf"), infinite=True) == float("inf")


def test_schedules_keep_their_values_and_are_wrapped_once():
    schedule = checks.check_number("f", "x", lambda count: count * 0.5)
    assert schedule(4) == 2.0
    assert checks.check_number("g", "y", schedule) is schedule


def test_functions_of_any_kind_have_their_arguments_counted():
    assert checks.takes(jax.jit(lambda players, draw: players), 2)
    assert checks.takes(functools.partial(lambda a, players, draw=0: players, 1), 2)
    assert checks.takes(jnp.add, 2) and checks.takes(print, 3)
    assert not checks.takes(lambda players: players, 2)
    assert checks.takes(mm.sgda, 1, "transform") and not checks.takes(mm.sgda, 1, "tx")


def test_long_values_are_shown_on_one_short_line():
    text = checks.shown(jnp.zeros((50, 50)))
    assert "\n" not in text and len(text) <= 100


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"a": jnp.ones(2)}, r"y \(dict\) has no counterpart of x\['b'\]"),
        (jnp.ones(2), r"x \(dict\) has no counterpart of y"),
        ({"a": jnp.ones(2), "b": 1.0, "c": 1.0}, r"x \(dict\) has no counterpart of y\['c'\]"),
        ({"a": jnp.ones(3), "b": 1.0}, r"x\['a'\] has shape \(2,\) and y\['a'\] has \(3,\)"),
    ],
)
def test_differences_of_trees_are_described(other, difference):
    trees = {"x": {"a": jnp.ones(2), "b": 1.0}, "y": other}
    with pytest.raises(ValueError, match=rf"^f: x and y must .*, but {difference}\. Remedy\.$"):
        checks.check_same_structure("f", trees, "Remedy.")


def test_containers_of_different_types_are_described():
    with pytest.raises(ValueError, match="but x and y have containers of different types"):
        checks.check_same_structure("f", {"x": (1.0,), "y": [1.0]}, "Remedy.")


def test_apply_updates_names_the_difference():
    with pytest.raises(ValueError, match=r"^apply_updates: updates and .*updates.min has shape"):
        mm.apply_updates(mm.Players(jnp.ones(2), 1.0), mm.Players(jnp.ones(3), 1.0))
