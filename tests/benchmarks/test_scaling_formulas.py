"""Formulas for memory and communication agree with compiled programs."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import counts, scaling, scaling_formulas, scaling_memory
from minmax_jax import parallel
from minmax_jax.gan import data as data_lib
from tests.devices import first_devices

SMALL = dataclasses.replace(scaling.QUICK, batch=16, memory_width=64)

FEW = [("fsdp", 8, "adam_gda"), ("pmap", 4, "adam_gda")]
MORE = [
    (mode, devices, optimizer)
    for mode in ("fsdp", "pmap")
    for devices in (1, 2, 4, 8)
    for optimizer in ("adam_gda", "extra_adam")
    if (mode, devices, optimizer) not in FEW
]


@pytest.mark.parametrize(
    ("mode", "devices", "optimizer"),
    [*FEW, *(pytest.param(*row, marks=pytest.mark.slow) for row in MORE)],
)
def test_formulas_agree_with_the_compiled_step(mode, devices, optimizer):
    first_devices(devices)
    row = scaling_memory.measure(SMALL, mode, devices, optimizer=optimizer)
    assert row["state"] == row["expected_state"]
    assert row["state"] <= row["arguments"] <= row["state"] + SMALL.batch * SMALL.side**2 + 64
    assert row["aliased"] == row["state"]  # A step updates the state in place.
    expected = row["expected_sent"]
    for name in ("all-gather", "reduce-scatter"):
        assert row[name] == expected[name]
    if devices == 1:
        assert set(expected.values()) == {0}  # A step on one device sends nothing.
    rest = row["all-reduce"] - expected["all-reduce"]
    assert rest == 0 if mode == "pmap" or devices == 1 else 0 < rest < LARGEST_NORMS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("order", "sides"),
    [
        ("discriminator-first", ("max", "max", "min")),
        ("generator-first", ("min", "max", "max")),
    ],
)
def test_alternating_steps_send_by_the_formula(order, sides):
    devices = first_devices(2)
    built = scaling_memory.build(SMALL, "fsdp", devices, update_order=order, max_steps=2)
    _, _, program, inputs = built
    start = program.init()
    state = program.place(start)
    found = scaling_memory.sent(program.advance.lower(state, *inputs).compile().as_text())
    expected = scaling_formulas.alternating_elements_sent(start.players, sides, 2)
    assert {name: found[name] for name in expected} == expected
    # A logging step evaluates the field and both losses at the same parameters.
    logged = scaling_memory.sent(program.measure.lower(state, *inputs[:2]).compile().as_text())
    elements = scaling_formulas.divided(start.players, 2)
    assert logged["all-gather"] == logged["reduce-scatter"] == elements


LARGEST_NORMS = 6 * scaling_formulas.NORM_SUMS
"""Six leaves of the small networks are large enough to be divided."""


def test_ring_bytes_of_both_layouts_are_equal():
    """A reduction is a scatter and a gather."""
    reduced = {"all-gather": 0, "reduce-scatter": 0, "all-reduce": 800}
    scattered = {"all-gather": 800, "reduce-scatter": 800, "all-reduce": 0}
    assert scaling_formulas.bytes_per_device(reduced, 1, 8) == 4 * 1400
    assert scaling_formulas.bytes_per_device(scattered, 8, 8) == 4 * 1400


def test_divided_images_are_scattered_once():
    """Each evaluation sends the batch as floats, and the positions of its examples."""
    devices, batch, shape = first_devices(4), 8, (4, 4, 1)
    images = data_lib.shard_images(np.zeros((10, *shape), np.uint8), 10, devices)

    def draw(images):
        indices = jax.lax.axis_index(parallel.AXIS) * 2 + jnp.arange(batch // 4)
        return data_lib.batch(images, jax.random.key(0), indices)

    text = parallel.map_step(draw, devices).lower(images).compile().as_text()
    sent = scaling_memory.sent(text)
    assert sent == {"all-gather": batch, "reduce-scatter": batch * 16, "all-reduce": 0}


HLO = """
  %a = f32[512,64]{1,0} all-gather(%x), channel_id=1, replica_groups={{0,1,2,3}}, dimensions={0}
  %b = ((f32[64]{0}), (f32[512]{0})) all-gather-start(%x), replica_groups=[8,8]<=[64]
  %c = f32[64]{0} reduce-scatter(%x), replica_groups=mesh['a'=2,'b'=4] {'b'}, dimensions={0}
  %d = ((f32[512]{0}), f32[64]{0}) reduce-scatter-start(%x), replica_groups=[8,8]<=[64]
  %e = (f32[3]{0}, f32[]) all-reduce(%x, %y), replica_groups={{0,8},{1,9}}, to_apply=%add
  %f = ((f32[5]{0}, f32[2]{0:T(8)}), f32[5]{0}, f32[2]{0}) all-reduce-start(%x, %y), replica_groups=[1,4]<=[4]
  %g = (f32[64]{0}, f32[512]{0}) all-gather-start(%x), replica_groups=[8,8]<=[64]
"""  # noqa: E501


def test_collectives_read_groups_and_whole_arrays():
    found = counts.collectives(HLO)
    assert [one.group for one in found] == [4, 8, 4, 8, 2, 4, 8]
    assert [one.whole for one in found] == [512 * 64, 512, 256, 512, 4, 7, 512]
