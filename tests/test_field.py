"""Vector fields: signs, sample indices, aux, and averages over devices."""

import re

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

import minmax_jax as mm
from tests import problems
from tests.devices import first_devices

pytestmark = pytest.mark.usefixtures("strict_promotion")
Z = mm.Players(2.0, 3.0)


def test_zero_sum_flips_sign_of_max_player_only():
    field = mm.zero_sum(lambda z: z.min**2 * z.max)(Z)
    chex.assert_trees_all_close(field, mm.Players(12.0, -4.0))


def test_general_sum_does_not_flip_signs():
    field = mm.general_sum(lambda z: z.min * z.max, lambda z: z.min * z.max**2)(Z)
    chex.assert_trees_all_close(field, mm.Players(3.0, 12.0))


def test_zero_sum_equals_general_sum_of_payoff_and_negative():
    payoff = problems.curved.payoff
    chex.assert_trees_all_close(
        mm.zero_sum(payoff)(problems.curved.start),
        mm.general_sum(payoff, lambda z: -payoff(z))(problems.curved.start),
        rtol=1e-6,
    )


def test_field_passes_sample_index_to_stochastic_payoffs_only():
    seen = []

    def payoff(z, draw):
        seen.append(draw)
        return z.min * z.max

    field_fn = mm.zero_sum(payoff, stochastic=True)
    field_fn(Z)
    field_fn(Z, 3)
    assert seen == [0, 3]
    mm.zero_sum(lambda z: z.min * z.max)(Z, 3)  # The payoff takes one argument.


def test_field_returns_aux():
    field, aux = mm.zero_sum(lambda z: (z.min * z.max, {"n": 7}), has_aux=True)(Z)
    chex.assert_trees_all_close(field, mm.Players(3.0, -2.0))
    assert aux == {"n": 7}
    _, aux = mm.general_sum(lambda z: (z.min, "x"), lambda z: (z.max, "y"), has_aux=True)(Z)
    assert aux == mm.Players("x", "y")


def test_payoff_returns_value_and_aux():
    assert float(mm.payoff(lambda z: z.min * z.max)(Z)) == 6.0
    value, aux = mm.payoff(lambda z, draw: (z.min, draw), stochastic=True, has_aux=True)(Z, 5)
    assert (float(value), aux) == (2.0, 5)


def devices_of(backend, function):
    """Maps `function(rows)` over 4 devices, and stacks the results."""
    devices = first_devices(4)
    if backend == "pmap":
        return jax.pmap(function, axis_name="d", devices=devices)
    spec = PartitionSpec("d")
    mapped = jax.shard_map(
        lambda rows: jax.tree.map(lambda x: x[None], function(rows[0])),
        mesh=Mesh(np.asarray(devices), ("d",)),
        in_specs=spec,
        out_specs=spec,
        check_vma=False,
    )
    return jax.jit(mapped)


def oracles(data, axis_name):
    """Returns F, J v and Jᵀ v at one point, the payoff and its gradient."""
    z = problems.curved.start
    v = jax.tree.map(jnp.cos, z)

    def payoff(z):
        return problems.batch_payoff(z, data)

    field_fn = mm.zero_sum(payoff, axis_name=axis_name)
    payoff_fn = mm.payoff(payoff, axis_name=axis_name)
    block = jax.jvp(lambda y: field_fn(mm.Players(z.min, y)), (z.max,), (v.max,))[1]
    return {
        "field": field_fn(z),
        "jvp": jax.jvp(field_fn, (z,), (v,))[1],
        "jvp of one player's block": block,
        "vjp": jax.vjp(field_fn, z)[1](v)[0],
        "value": payoff_fn(z),
        "gradient of the value": jax.grad(payoff_fn)(z),
    }


@pytest.mark.parametrize("backend", ["pmap", "shard_map"])
def test_field_jvp_vjp_on_four_devices_match_one_device(backend):
    data = problems.batch_data
    whole = jax.jit(lambda: oracles(data, None))()
    parts = devices_of(backend, lambda rows: oracles(rows, "d"))(data.reshape(4, 2, 4))
    for device in range(4):
        for name, value in whole.items():
            mine = jax.tree.map(lambda x: x[device], parts[name])  # noqa: B023
            chex.assert_trees_all_close(
                mine, value, rtol=1e-5, atol=1e-6, custom_message=f"{name} on device {device}"
            )


def test_vjp_of_pmean_of_field_is_wrong():
    """Shows why `field.py` also averages the cotangents."""
    data, z = problems.batch_data, problems.curved.start

    def vjp(rows):
        def field_fn(z):
            local = mm.zero_sum(lambda z: problems.batch_payoff(z, rows))(z)
            return jax.lax.pmean(local, "d")

        return jax.vjp(field_fn, z)[1](z)[0]

    parts = devices_of("pmap", vjp)(data.reshape(4, 2, 4))
    whole = jax.vjp(mm.zero_sum(lambda z: problems.batch_payoff(z, data)), z)[1](z)[0]
    error = jnp.max(jnp.abs(parts.min["a"][0] - whole.min["a"]))
    assert float(error) > 1e-2


@pytest.mark.parametrize("oracle", ["field", "jvp", "vjp"])
def test_field_uses_one_fused_all_reduce(oracle):
    z = problems.curved.start

    def call(rows):
        field_fn = mm.zero_sum(lambda z: problems.batch_payoff(z, rows), axis_name="d")
        if oracle == "field":
            return field_fn(z)
        if oracle == "jvp":
            return jax.jvp(field_fn, (z,), (z,))[1]
        return jax.vjp(field_fn, z)[1](z)[0]

    mapped = devices_of("pmap", call)
    text = mapped.lower(problems.batch_data.reshape(4, 2, 4)).compile().as_text()
    assert len(re.findall(r" all-reduce(?:-start)?\(", text)) == 1


def test_field_averages_float_aux_only():
    def call(rows):
        def payoff(z):
            return jnp.mean(rows) * z.min * z.max, {"f": jnp.mean(rows), "i": jnp.int32(rows[0])}

        return mm.zero_sum(payoff, has_aux=True, axis_name="d")(Z)[1]

    aux = devices_of("pmap", call)(jnp.arange(4.0)[:, None])
    np.testing.assert_allclose(aux["f"], np.full(4, 1.5))
    np.testing.assert_array_equal(aux["i"], np.arange(4))


def in_parts(data, num_parts, axis_name=None):
    """Returns field, derivatives and payoff of the batch game, with microbatches."""

    def payoff(z, call):
        rows = data.reshape(num_parts, -1, data.shape[-1])
        return problems.batch_payoff(z, rows[call[1]])

    return {
        "field": mm.accumulate(
            mm.zero_sum(payoff, stochastic=True), num_parts, axis_name=axis_name
        ),
        "payoff": mm.accumulate(mm.payoff(payoff, stochastic=True), num_parts, axis_name=axis_name),
    }


@pytest.mark.parametrize("num_parts", [1, 2, 4])
def test_accumulate_matches_whole_batch(num_parts):
    data, z = problems.batch_data, problems.curved.start
    v = jax.tree.map(jnp.cos, z)
    whole = jax.jit(lambda: oracles(data, None))()

    @jax.jit
    def parts():
        made = in_parts(data, num_parts)
        return {
            "field": made["field"](z),
            "jvp": jax.jvp(made["field"], (z,), (v,))[1],
            "vjp": jax.vjp(made["field"], z)[1](v)[0],
            "value": made["payoff"](z),
            "gradient of the value": jax.grad(made["payoff"])(z),
        }

    for name, value in parts().items():
        chex.assert_trees_all_close(value, whole[name], rtol=1e-5, atol=1e-6, custom_message=name)


@pytest.mark.parametrize("oracle", ["field", "jvp", "vjp"])
def test_accumulate_uses_one_all_reduce(oracle):
    z = problems.curved.start

    def call(rows):
        field_fn = in_parts(rows, 2, "d")["field"]
        if oracle == "field":
            return field_fn(z)
        if oracle == "jvp":
            return jax.jvp(field_fn, (z,), (z,))[1]
        return jax.vjp(field_fn, z)[1](z)[0]

    mapped = devices_of("pmap", call)
    text = mapped.lower(problems.batch_data.reshape(4, 2, 4)).compile().as_text()
    assert len(re.findall(r" all-reduce(?:-start)?\(", text)) == 1


def test_accumulate_averages_float_aux_and_keeps_general_sum():
    def loss(z, call):
        part = jnp.asarray(call[1])
        return z.min * z.max, {"f": part.astype(jnp.float32), "i": part}

    field_fn = mm.accumulate(
        mm.general_sum(loss, loss, stochastic=True, has_aux=True), 4, has_aux=True
    )
    field, aux = field_fn(Z, 7)
    assert (float(field.min), float(field.max)) == (3.0, 2.0)
    assert aux.min == aux.max == {"f": 1.5, "i": 3}
    assert field_fn.general_sum
    assert not in_parts(problems.batch_data, 2)["field"].general_sum


@pytest.mark.parametrize("num_parts", [1, 3])
def test_accumulate_accepts_python_numbers_in_aux(num_parts):
    def payoff(z, microbatch):
        seen = {"mean": 2.5, "count": 3, "ok": True, "none": None, "key": jax.random.key(1)}
        return z.min * z.max, seen

    field_fn = mm.accumulate(
        mm.zero_sum(payoff, stochastic=True, has_aux=True), num_parts, has_aux=True
    )
    field, aux = field_fn(mm.Players(1.0, 2.0))
    assert (float(field.min), float(field.max)) == (2.0, -1.0)
    key = aux.pop("key")
    assert bool(key == jax.random.key(1))
    assert aux == {"mean": 2.5, "count": 3, "ok": True, "none": None}
    kinds = [jnp.result_type(aux[name]).kind for name in ("mean", "count", "ok")]
    assert kinds == ["f", "i", "b"]


def test_accumulate_refuses_fields_that_ignore_the_part():
    fields = (
        mm.zero_sum(lambda z: z.min * z.max),
        mm.general_sum(lambda z: z.min * z.max, lambda z: -z.min * z.max),
        mm.payoff(lambda z: z.min * z.max),
    )
    problem = mm.constrained(lambda x: x**2, inequality=lambda x: 1 - x)
    nested = mm.accumulate(fields[0], 1)
    for field_fn in (*fields, problem.field_fn, problem.payoff_fn, problem.values_fn, nested):
        with pytest.raises(ValueError, match="function must be stochastic for num_parts=2"):
            mm.accumulate(field_fn, 2)
    for field_fn in fields:
        value = mm.accumulate(field_fn, 1)(mm.Players(2.0, 3.0))  # The whole batch is one part.
        assert jax.tree.leaves(value)[0] in (3.0, 6.0)


def test_accumulate_passes_on_an_int_as_draw():
    def payoff(z, microbatch):
        assert isinstance(microbatch.draw, int)
        return (1.0 + microbatch.draw) * z.min * z.max

    for num_parts in (1, 2):
        field_fn = mm.accumulate(mm.zero_sum(payoff, stochastic=True), num_parts)
        assert field_fn(mm.Players(1.0, 2.0), 1).min == 4.0


def test_complex_fields_are_refused():
    def field_fn(z, draw=0):
        return mm.Players(jax.lax.complex(z.max, z.max), -z.min)

    with pytest.raises(TypeError, match=r"field_fn\(players\) must be real"):
        mm.solve(mm.sgda(0.1), field_fn, mm.Players(1.0, 1.0), 1)


@pytest.mark.parametrize("value", [1, True])
def test_fields_of_ints_and_bools_are_refused(value):
    def field_fn(z, draw=0):
        return mm.Players(jnp.asarray(value), z.max)

    with pytest.raises(TypeError, match="must be floating-point"):
        mm.solve(mm.sgda(0.1), field_fn, mm.Players(1.0, 1.0), 1)


def test_accumulate_adds_bfloat16_in_float32():
    z = mm.Players(jnp.bfloat16(1), jnp.bfloat16(1))
    slopes = jnp.array([256.0] + [1.0] * 255, jnp.bfloat16)  # In bfloat16, 256 + 1 is 256.
    payoff = lambda z, call: slopes[call[1]] * z.min - z.max  # noqa: E731
    field = mm.accumulate(mm.zero_sum(payoff, stochastic=True), 256)(z)
    assert field.min.dtype == jnp.bfloat16 and float(field.min) == 2.0  # 511 / 256, rounded


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: mm.zero_sum(lambda z: jnp.ones(3))(Z),
            r"^zero_sum: payoff must return a real scalar, got shape \(3,\) and dtype float32\. "
            r"Reduce it, for example with jnp\.mean",
        ),
        (
            lambda: mm.general_sum(lambda z: z.min, lambda z: jnp.ones((1,)))(Z),
            r"^general_sum: max_loss must return a real scalar, got shape \(1,\)",
        ),
        (
            lambda: mm.payoff(lambda z: jnp.int32(1))(Z),
            r"^payoff: .*dtype int32\. Return a float: the gradient of an integer",
        ),
        (lambda: mm.zero_sum(lambda z: z.min * 1j)(Z), r"^zero_sum: .* Return its real part or"),
        (lambda: mm.zero_sum(lambda z: {"a": z.min})(Z), r"got dict\. Return one float"),
        (lambda: mm.zero_sum(lambda z: (z.min, 1))(Z), r"^zero_sum: payoff .* Pass has_aux=True"),
        (lambda: mm.zero_sum(lambda z: z.min, has_aux=True)(Z), r"must return \(scalar, aux\)"),
        (lambda: mm.accumulate(3.0, 2), r"^accumulate: function must be callable, got 3.0"),
        (lambda: mm.accumulate(mm.payoff(lambda z: z.min), 0), r"^accumulate: num_parts"),
        (lambda: mm.zero_sum(3.0), r"^zero_sum: payoff must be callable, got 3.0"),
        (
            lambda: mm.zero_sum(lambda z: z.min, axis_name="devices")(Z),
            r"^zero_sum: axis_name must be an axis that is mapped here, got 'devices'\. Call it",
        ),
        (
            lambda: mm.zero_sum(lambda z: None)(Z),
            r"^zero_sum: payoff .* scalar, got None\. Return the",
        ),
        (
            lambda: mm.zero_sum(lambda z: z.min, stochastic=True),
            r"^zero_sum: payoff must take \(players, draw\), got .* Pass stochastic=False",
        ),
        (
            lambda: mm.general_sum(lambda z: z.min, lambda z, draw: z.max),
            r"^general_sum: max_loss must take \(players\), got .* Pass stochastic=True",
        ),
        (lambda: mm.payoff(lambda z: z.min, has_aux=1), r"^payoff: has_aux must be True or False"),
        (lambda: mm.payoff(lambda z: z, stochastic="x"), r"^payoff: stochastic must be True or F"),
        (
            lambda: mm.accumulate(lambda z: z, 2),
            r"^accumulate: function must take \(players, draw\), got .* stochastic=True",
        ),
        (
            lambda: mm.accumulate(mm.zero_sum(lambda z: (z.min, 1), has_aux=True), 2),
            r"^accumulate: has_aux must be that of function, got False\. Pass has_aux=True",
        ),
        (
            lambda: mm.accumulate(mm.zero_sum(lambda z: z.min), 2, has_aux=True),
            r"^accumulate: has_aux must be that of function, got True\. Pass has_aux=False",
        ),
        (
            lambda: mm.zero_sum(lambda z: z.min)((1.0, 2.0)),
            r"^zero_sum: players must be Players\(min=..., max=...\), got tuple",
        ),
        (
            lambda: mm.zero_sum(lambda z: z.min)(mm.Players(jnp.int32(1), 2.0)),
            r"^zero_sum: players.min has dtype int32, .* Convert it, for example 1 to 1\.0, or",
        ),
        (
            lambda: mm.zero_sum(lambda z: z.min)(mm.Players(1.0, {})),
            r"^zero_sum: players.max has no leaves",
        ),
    ],
)
def test_field_names_invalid_arguments(build, message):
    with pytest.raises((TypeError, ValueError), match=message):
        jax.eval_shape(build)


def test_field_accepts_any_pytree():
    @chex.dataclass
    class Weights:
        w: jax.Array

    z = mm.Players(Weights(w=jnp.ones(2)), (jnp.ones(2), {"b": jnp.ones(())}))
    field = mm.zero_sum(lambda z: jnp.vdot(z.min.w, z.max[0]) + z.max[1]["b"])(z)
    assert jax.tree.structure(field) == jax.tree.structure(z)


def test_payoff_of_two_arguments_is_told_to_take_players():
    with pytest.raises(TypeError, match=r"^zero_sum: payoff .* players\.min and players\.max\.$"):
        mm.zero_sum(lambda x, y: x * y)


@pytest.mark.parametrize("sample", [jax.random.normal, jax.random.split, jax.random.bits])
def test_missing_key_is_explained(sample):
    field_fn = mm.zero_sum(lambda z, key: z.min * jnp.sum(sample(key)) * z.max, stochastic=True)
    with pytest.raises(TypeError, match=r"^zero_sum: payoff needs a PRNG key, .* Pass key="):
        mm.solve(mm.sgda(0.1), field_fn, mm.Players(1.0, 1.0), 2)


def test_other_type_errors_of_a_payoff_are_unchanged():
    def payoff(z, draw):
        raise TypeError("an error of the user")

    with pytest.raises(TypeError, match=r"^an error of the user"):
        mm.zero_sum(payoff, stochastic=True)(mm.Players(1.0, 1.0))


def test_accumulate_names_outputs_that_are_no_arrays():
    payoff = lambda z, draw: (z.min * z.max, {"s": "hello", "n": 1})  # noqa: E731
    field_fn = mm.zero_sum(payoff, stochastic=True, has_aux=True)
    with pytest.raises(TypeError, match=r"^accumulate: aux\['s'\] must be an array or a number"):
        mm.accumulate(field_fn, 3, has_aux=True)(mm.Players(1.0, 2.0))
