"""Training with a divided state agrees with replicated training."""

import re

import jax
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from minmax_jax import fsdp, parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.config import presets
from minmax_jax.gan.training import build, sharded
from minmax_jax.gan.training import program as program_lib
from tests.devices import first_devices
from tests.gan.training.test_devices import smooth  # noqa: F401  (a fixture)

SMALL = {"network": "mlp", "width": 64, "latent_dim": 16, "batch_size": 16}
BATCH_NORM = {"network": "dcgan", "width": 8, "latent_dim": 32, "microbatches": 2}


TRAINED = {}


def train(mode, data, count=8, steps=3, **fields):
    """Returns the states before and after some steps, the quantities, and the state on devices."""
    key = repr((mode, count, steps, fields))
    if key not in TRAINED:
        TRAINED[key] = run_steps(mode, data, count, steps, fields)
    return TRAINED[key]


def run_steps(mode, data, count, steps, fields):
    config = presets.preset("digits", parallel=mode, **{**SMALL, **fields})
    devices = first_devices(count)
    game, optimizer = build.build_game(config, data, count)
    program = program_lib.compile_program(game, optimizer, config, devices)
    images = data_lib.put_on_devices(data, devices, labels=config.conditioning.conditional)
    seed = jax.device_put(np.uint32(0), NamedSharding(Mesh(np.asarray(devices), "d"), P()))
    start = program.init()
    state = program.place(start)
    for until in range(1, steps + 1):
        state, quantities = program.advance(state, images, seed, np.int32(until))
    measured = program.measure(state, images, seed)
    found = jax.tree.map(np.asarray, parallel.unreplicate({**quantities, **measured}))
    return start, jax.tree.map(np.asarray, program.read(state)), found, state


def largest_gap(one, other):
    """Returns the largest difference between two trees of numbers and flags."""

    def gap(a, b):
        a, b = np.float64(a), np.float64(b)
        # A payoff that greedy has not computed yet is infinite.
        return np.max(np.abs(np.subtract(a, b, where=a != b, out=np.zeros_like(a))), initial=0)

    gaps = jax.tree.map(gap, one, other)
    return max(jax.tree.leaves(gaps), default=0.0)


CASES = {
    "adam": {"optimizer": "adam_gda"},
    "batch_norm": {"optimizer": "extra_adam", **BATCH_NORM},
    "adaptive_augmentation": {
        "optimizer": "nsgda",
        "augment": "flip",
        "augment_target": 0.6,
        "schedule": {"learning_rate": "cosine:0.1x:4", "ema": "linear:99"},
    },
    "alternating_with_penalty": {
        "optimizer": "ada_nsgda",
        "penalty": 1.0,
        "penalty_type": "r1",
        "penalty_every": 2,
        "penalty_step": "separate",
        "update_order": "generator-first",
        "batch_size": 32,
        "microbatches": 2,
    },
    "conditional_spectral_norm": {
        "optimizer": "sgda",
        "network": "dcgan",
        "width": 8,
        "conditional": True,
        "spectral_norm": True,
        "penalty": 1.0,
    },
    "dropout": {"network": "mangoubi_mnist", "optimizer": "adam_gda", "batch_size": 8},
    "vector_products": {"optimizer": "consensus", "loss": "saturating"},
    "greedy": {"optimizer": "greedy_adam", "loss": "saturating"},
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name != "adam")) for name in CASES]
)
def test_fsdp_matches_pmap(name, noise_images):
    start, one, expected, _ = train("pmap", noise_images, **CASES[name])
    begun, other, found, state = train("fsdp", noise_images, **CASES[name])
    assert largest_gap(start, begun) == 0
    assert largest_gap(one, other) < 2e-5
    assert largest_gap(begun.players, other.players) > 1e-4  # training changed the parameters
    assert largest_gap(begun.ema, other.ema) > 0
    assert found.keys() == expected.keys()
    for key in sorted(expected.keys() - {"nonfinite"}):
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-3, atol=1e-6)
    layout = sharded.layout(other, jax.tree.leaves(state)[0].sharding.mesh)
    kept = jax.tree.map(lambda leaf, like: leaf.sharding == like, state, layout)
    assert jax.tree.all(kept)


def test_fsdp_devices_store_an_eighth(noise_images):
    """Leaves below the threshold, and those without a divisible axis, are on every device."""
    _, whole, _, state = train("fsdp", noise_images, **CASES["adam"])
    for name in ("players", "optimizer", "ema"):
        leaves = jax.tree.leaves(getattr(state, name))
        divided = [leaf for leaf in leaves if not leaf.sharding.is_fully_replicated]
        assert len(divided) >= 3
        for leaf in divided:
            assert {shard.data.size for shard in leaf.addressable_shards} == {leaf.size // 8}
        assert all(leaf.size < 1024 for leaf in leaves if leaf.sharding.is_fully_replicated)
    sizes = stored(state)
    assert max(sizes.values()) < 0.25 * sum(leaf.nbytes for leaf in jax.tree.leaves(whole))


def built(data, count, **fields):
    """Returns the mesh of `count` devices, and the state before the first step."""
    config = presets.preset("digits", parallel="fsdp", **{**SMALL, **fields})
    mesh = fsdp.make_mesh(first_devices(count))
    return mesh, sharded.init(*build.build_game(config, data, count), mesh)


def test_description_is_the_memory_of_a_device(noise_images):
    mesh, state = built(noise_images, 8)
    total = sum(leaf.nbytes for leaf in jax.tree.leaves(state)) / 1e6
    size = max(stored(sharded.place(state, mesh)).values()) / 1e6
    assert sharded.describe(state, mesh) == (
        f"fsdp: the state of {total:.3g} MB is divided among 8 devices; each stores {size:.3g} MB"
    )
    two_processes = fsdp.make_mesh(first_devices(8), 4)
    assert "among the 4 devices of each process" in sharded.describe(state, two_processes)


def test_description_names_arrays_that_are_not_divided(noise_images):
    mesh, state = built(noise_images, 3, batch_size=24)
    text = sharded.describe(state, mesh)
    assert re.search(r"because large arrays of [\d.]+ MB have no axis that 3 divides", text)
    assert "multiple of 3" in text


def stored(state):
    """Returns the bytes of a state on each device."""
    sizes = {}
    for leaf in jax.tree.leaves(state):
        for shard in leaf.addressable_shards:
            sizes[shard.device] = sizes.get(shard.device, 0) + shard.data.nbytes
    return sizes


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["stop", "skip"])
def test_fsdp_discards_nonfinite_updates(policy, noise_images):
    fields = {"optimizer": "sgda", "learning_rate_max": float("1e38"), "on_nonfinite": policy}
    runs = [train(mode, noise_images, **fields) for mode in ("pmap", "fsdp")]
    for _, state, found, _ in runs:
        assert max(map(int, state.nonfinite.last)) > 0
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state.players))
        assert (found.get("skipped", 0) > 0) == (policy == "skip")
    assert int(runs[0][1].step) == int(runs[1][1].step)
    assert largest_gap(runs[0][1].nonfinite.last, runs[1][1].nonfinite.last) == 0


@pytest.mark.slow
def test_fsdp_on_one_device_is_the_replicated_program(noise_images):
    one, other = (train(mode, noise_images, count=1, steps=1)[1] for mode in ("pmap", "fsdp"))
    assert largest_gap(one, other) == 0
