"""Tests of states that are divided among devices."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from minmax_jax import fsdp, parallel
from tests.devices import first_devices


@pytest.mark.parametrize(
    ("shape", "num_shards", "spec"),
    [
        ((3, 3, 64, 128), 8, P(None, None, None, "shards")),
        ((128, 64), 8, P("shards")),
        ((64, 64), 8, P("shards")),  # the first of equal axes
        ((63, 64), 8, P(None, "shards")),
        ((127, 16), 8, P(None, "shards")),  # the largest axis is not divisible
        ((1024,), 8, P("shards")),
        ((1023,), 1, P()),
        ((1000,), 8, P()),  # fewer than `MIN_SIZE` elements
        ((63, 65), 8, P()),
        ((64, 64), 1, P()),
        ((0, 64), 8, P()),
        ((), 8, P()),
    ],
)
def test_leaf_spec_takes_the_largest_divisible_axis(shape, num_shards, spec):
    assert fsdp.leaf_spec(shape, num_shards) == spec


def test_leaf_spec_threshold_is_an_argument():
    assert fsdp.leaf_spec((16,), 8, min_size=16) == P("shards")
    assert fsdp.leaf_spec((16,), 8, min_size=17) == P()


@pytest.mark.parametrize("num_shards", [1, 2, 4])
def test_place_and_read_are_inverse(num_shards):
    mesh = fsdp.make_mesh(first_devices(4), num_shards)
    tree = {"kernel": np.arange(2048.0).reshape(64, 32), "count": np.int32(3)}
    placed = fsdp.place(tree, fsdp.shardings(tree, mesh))
    assert placed["kernel"].addressable_shards[0].data.shape == (64 // num_shards, 32)
    assert jax.tree.all(jax.tree.map(np.array_equal, fsdp.read(placed), tree))


@pytest.mark.parametrize("num_shards", [3, 0, 0.5, -1])
def test_make_mesh_refuses_other_divisors(num_shards):
    with pytest.raises((TypeError, ValueError), match=r"^make_mesh: num_shards must"):
        fsdp.make_mesh(first_devices(4), num_shards)


def pair(params, local):
    return params, local


KERNEL = {"kernel": np.ones((64, 32), np.float32)}
INVALID = {
    "no devices": (lambda mesh: fsdp.make_mesh([]), "make_mesh: devices must be a list"),
    "a number of devices": (lambda mesh: fsdp.make_mesh(4), "make_mesh: devices must be a list"),
    "the same device twice": (
        lambda mesh: fsdp.make_mesh([*mesh.devices[0], mesh.devices[0, 0]]),
        "make_mesh: devices must be different",
    ),
    "zero shards": (lambda mesh: fsdp.leaf_spec((64,), 0), "leaf_spec: num_shards must be at"),
    "a part of a shard": (lambda mesh: fsdp.leaf_spec((64,), 2.0), "leaf_spec: num_shards must be"),
    "negative size": (
        lambda mesh: fsdp.leaf_spec((64,), 2, min_size=-1),
        "leaf_spec: min_size must be at least 0",
    ),
    "other axes": (
        lambda mesh: fsdp.shardings(KERNEL, jax.sharding.Mesh(mesh.devices[0], ("data",))),
        "shardings: mesh must be a Mesh with the axes replicas and shards",
    ),
    "no mesh": (lambda mesh: fsdp.map_average(pair, None), "map_average: mesh must be a Mesh"),
    "layout of another tree": (
        lambda mesh: fsdp.place({"bias": np.ones(4)}, fsdp.shardings(KERNEL, mesh)),
        "place: layout must have the structure of tree",
    ),
    "layout of another shape": (
        lambda mesh: fsdp.place({"kernel": np.ones((63, 32))}, fsdp.shardings(KERNEL, mesh)),
        r"place: layout must divide the shape of tree\['kernel'\], \(63, 32\)",
    ),
    "layout of a scalar": (
        lambda mesh: fsdp.place({"kernel": 1.0}, fsdp.shardings(KERNEL, mesh)),
        r"place: layout must divide the shape of tree\['kernel'\], \(\)",
    ),
    "no function": (lambda mesh: fsdp.map_average(None, mesh), "map_average: function must be"),
    "no pair": (
        lambda mesh: fsdp.map_average(lambda params, local: params, mesh)(KERNEL, np.ones((4, 1))),
        r"map_average: function must return \(value, aux\), got dict",
    ),
    "rows of fewer devices": (
        lambda mesh: fsdp.map_average(pair, mesh)(KERNEL, {"x": np.ones((2, 1))}),
        r"map_average: local\['x'\] must have a leading axis of 4 devices, got shape \(2, 1\)",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_argument_is_one_line_with_a_remedy(name):
    call, message = INVALID[name]
    with pytest.raises((TypeError, ValueError), match=f"^{message}") as raised:
        call(fsdp.make_mesh(first_devices(4)))
    assert "\n" not in str(raised.value) and re.search(r"\. (Name|Pass|Return)", str(raised.value))


ROWS = np.random.default_rng(0).normal(size=(4, 3, 8)).astype(np.float32)


def local_field(params, rows):
    """Returns a field of one device that depends on its rows, and auxiliary outputs."""
    index = jax.lax.axis_index(parallel.AXIS)

    def loss(params):
        return jnp.mean(jnp.tanh(rows @ params["kernel"] + params["bias"]) ** 3)

    return jax.grad(loss)(params), {"sum": jnp.sum(rows), "index": index}


@pytest.mark.parametrize("num_shards", [1, 2, 4])
def test_map_average_differentiates_the_mean_over_devices(num_shards):
    """F, Jv and Jᵀv are those of the mean, computed one device after the other."""
    mesh = fsdp.make_mesh(first_devices(4), num_shards)
    params = {"kernel": np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8), "bias": np.ones(8)}
    params = jax.tree.map(jnp.float32, params)
    averaged = fsdp.map_average(local_field, mesh, min_size=16)

    def field(params):
        return averaged(params, ROWS)[0]

    def expected_field(params):
        def on_device(rows):
            return jax.grad(lambda p: jnp.mean(jnp.tanh(rows @ p["kernel"] + p["bias"]) ** 3))(
                params
            )

        return jax.tree.map(lambda leaf: jnp.mean(leaf, 0), jax.vmap(on_device)(ROWS))

    def derivatives(field, params):
        value = field(params)
        return value, jax.jvp(field, (params,), (value,))[1], jax.vjp(field, params)[1](value)[0]

    placed = fsdp.place(params, fsdp.shardings(params, mesh, min_size=16))
    found = jax.jit(lambda p: derivatives(field, p))(placed)
    expected = derivatives(expected_field, params)
    for one, other in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    kernel = found[0]["kernel"]
    assert kernel.addressable_shards[0].data.size == kernel.size // num_shards
    aux = jax.jit(averaged)(placed, ROWS)[1]
    np.testing.assert_allclose(aux["sum"], ROWS.sum() / 4, rtol=1e-5)
    assert aux["index"] == 0  # not a float, so it is not averaged
