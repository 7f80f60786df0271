"""Tests that errors of a user's function name it and its arguments."""

import jax
import jax.numpy as jnp
import pytest

import minmax_jax as mm
from minmax_jax._util import notes

Z = mm.Players({"w": jnp.ones((3, 2)), "b": jnp.ones(2)}, jnp.ones(3))
OF_Z = "players.min['b'] float32[2], players.min['w'] float32[3,2], players.max float32[3]"


def wrong(z, *draw):
    return jnp.sum(z.min["w"] * z.max)


def own_notes(call):
    """Returns the notes of this library on the error that `call` raises."""
    with pytest.raises((TypeError, ValueError, AttributeError, LookupError)) as caught:
        call()
    return [note for note in caught.value.__notes__ if note.startswith("minmax_jax: ")]


ZERO_SUM = mm.zero_sum(wrong)
NOISY = mm.general_sum(lambda z, draw: jnp.sum(z.max), wrong, stochastic=True)


@pytest.mark.parametrize(
    "call, expected",
    [
        (lambda: ZERO_SUM(Z), "payoff of zero_sum"),
        (lambda: jax.jit(ZERO_SUM)(Z), "payoff of zero_sum"),
        (lambda: mm.payoff(wrong)(Z), "payoff of payoff"),
        (lambda: mm.zero_sum(lambda z: z.x)(Z), "payoff of zero_sum"),
        (lambda: mm.zero_sum(lambda z: z.min["c"])(Z), "payoff of zero_sum"),
        (lambda: mm.solve(mm.extragradient(0.1), ZERO_SUM, Z, 1), "payoff of zero_sum"),
        (lambda: mm.solve(mm.sgda(0.1), lambda z, draw: wrong(z), Z, 1), "field_fn of solve"),
    ],
)
def test_errors_name_function_and_shapes_of_the_players(call, expected):
    (note,) = own_notes(call)
    assert note.startswith(f"minmax_jax: raised by {expected}, called with {OF_Z}")


def test_errors_of_stochastic_functions_name_the_draw():
    (note,) = own_notes(lambda: NOISY(Z, jax.random.key(0)))
    assert (
        note
        == f"minmax_jax: raised by max_loss of general_sum, called with {OF_Z}; draw key<fry>[]"
    )


@pytest.mark.parametrize("wrong_one", ["objective", "inequality", "equality"])
@pytest.mark.parametrize("stochastic", [False, True])
def test_errors_of_constrained_name_the_function(wrong_one, stochastic):
    def right(x, *draw):
        return jnp.sum(x)

    def too_short(x, *draw):
        return jnp.sum(x * jnp.ones(2))

    functions = {"objective": right, "inequality": right, "equality": right}
    problem = mm.constrained(**{**functions, wrong_one: too_short}, stochastic=stochastic)
    start = mm.Players(jnp.ones(3), None)
    (note,) = own_notes(lambda: problem.field_fn(problem.init(start.min)))
    assert note.startswith(
        f"minmax_jax: raised by {wrong_one} of constrained, called with x float32[3]"
    )


def test_the_error_itself_does_not_change():
    with pytest.raises(ValueError, match="Incompatible shapes for broadcasting") as own:
        ZERO_SUM(Z)
    with pytest.raises(ValueError) as direct:
        wrong(Z)
    assert type(own.value) is type(direct.value)
    assert str(own.value) == str(direct.value)


def test_notes_about_large_trees_are_short():
    tree = [jnp.ones(index) for index in range(20)]
    with pytest.raises(KeyError) as caught, notes.naming("zero_sum", "payoff", x=tree):
        raise KeyError("a")
    (note,) = caught.value.__notes__
    assert note.endswith("x[7] float32[7], 12 further arrays")


def test_other_errors_have_no_note():
    with pytest.raises(RuntimeError) as caught, notes.naming("zero_sum", "payoff", x=1.0):
        raise RuntimeError("memory")
    assert not hasattr(caught.value, "__notes__")
