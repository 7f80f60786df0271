"""Programs for an H100: kinds of convolutions, split sums, kernels and bytes."""

import re

import jax
import jax.numpy as jnp
import pytest

import minmax_jax as mm
from minmax_jax.gan.networks import _convolution_lax
from tests.gpu_ahead import compiling, counting, grouped, steps, trainer, updates

HLO = """\
%fused (p: f32[8]) -> f32[8] {
  %p.0 = f32[64,14,14,16]{3,2,1,0} parameter(0)
  %p.1 = f32[] parameter(1)
  ROOT %pad.1 = f32[64,31,31,16]{3,2,1,0} pad(%p.0, %p.1), padding=0_0x2_2_1x2_2_1x0_0
}

%sums (p: f32[8]) -> f32[8] {
  %q.0 = f32[3136,32]{1,0} parameter(0)
  %q.1 = f32[] parameter(1)
  %reduce.1 = f32[32]{0} reduce(%q.0, %q.1), dimensions={0}, to_apply=%add
  ROOT %t = (f32[32]{0}, f32[3136,32]{1,0}) tuple(%reduce.1, %q.0)
}

%rows (p: f32[8]) -> f32[8] {
  %r.0 = f32[128,1568]{1,0} parameter(0)
  %r.1 = f32[] parameter(1)
  ROOT %reduce.2 = f32[128]{0} reduce(%r.0, %r.1), dimensions={1}, to_apply=%add
}

ENTRY %main (x: f32[8]) -> f32[8] {
  %x = f32[64,14,14,16]{3,2,1,0} parameter(0)
  %k = f32[16,4,4,1]{3,2,1,0} parameter(1)
  %zero = f32[] constant(0)
  %stuffed = f32[64,31,31,16]{3,2,1,0} fusion(%x, %zero), kind=kLoop, calls=%fused
  %conv = (f32[64,28,28,1]{3,2,1,0}, u8[0]{0}) custom-call(%stuffed, %k), window={size=4x4 rhs_reversal=1x1}, custom_call_target="__cudnn$convForward"
  %y = f32[64,28,28,1]{3,2,1,0} get-tuple-element(%conv), index=0
  %both = (f32[32]{0}, f32[3136,32]{1,0}) fusion(%x, %zero), kind=kInput, calls=%sums
  %one = f32[128]{0} fusion(%x, %zero), kind=kInput, calls=%rows
}
"""  # noqa: E501


def test_count_reads_convolutions_sums_and_sizes():
    found = counting.count(HLO)
    assert (found.kernels, found.convolutions) == (4, {"convForward": 1})
    assert (found.reversed_windows, found.zero_stuffed) == (1, 1)
    assert (found.direct_sums, found.direct_sums_with_arrays) == (1, 1)
    assert found.gigaflops == pytest.approx(2 * 64 * 28 * 28 * 16 * 16 / 1e9)
    arrays = {"x": 64 * 14 * 14 * 16, "stuffed": 64 * 31 * 31 * 16, "y": 64 * 28 * 28, "k": 256}
    moved = 3 * arrays["x"] + 2 * arrays["stuffed"] + arrays["y"] + arrays["k"] + 3
    assert found.megabytes == pytest.approx(4 * (moved + 32 + 3136 * 32 + 128) / 1e6)


def test_count_of_a_loop_reads_its_body():
    body, rest = HLO.split("ENTRY %main")
    loop = f"{body}%body{rest}\nENTRY %main (x: f32[8]) -> f32[8] {{\n  %w = f32[8]{{0}} while(%x), condition=%c, body=%body\n}}\n"  # noqa: E501
    assert counting.count(loop, loop=True) == counting.count(HLO)
    assert counting.count(loop).kernels == 1


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(compiling, "PLUGINS", ("no_such_plugin",))
    assert compiling.missing() == "none of no_such_plugin is installed"


@pytest.fixture(scope="module")
def compiler():
    if reason := compiling.missing():
        pytest.skip(f"cannot compile for an H100: {reason}")


@pytest.mark.parametrize("outputs", [1, 3, 16])
def test_double_has_three_kinds_without_reversal(compiler, outputs):
    def gradients(inputs, kernel, cotangent):
        outputs, pull = jax.vjp(_convolution_lax.double, inputs, kernel)
        return outputs, pull(cotangent)

    shapes = (64, 14, 14, 16), (4, 4, 16, outputs), (64, 28, 28, outputs)
    arguments = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    found = counting.count(compiling.compile_for_h100(gradients, *arguments).as_text())
    assert found.convolutions == dict.fromkeys(counting.KINDS, 1)
    assert found.reversed_windows == found.zero_stuffed == 0


def test_grouped_convolutions_move_few_bytes(compiler):
    """The products of all groups move more, because they write each patch to memory."""
    found, products = (grouped.count_grouped(form) for form in ("lax", "products"))
    assert sum(found.convolutions.values()) == 5 and not products.convolutions
    assert found.reversed_windows == found.zero_stuffed == 0
    assert 5 * found.megabytes < products.megabytes


# At most these kernels, megabytes and gigaflops. The forms before: 58, 49, 0 for mlp; 111, 91,
# 0.74 for dcgan16; 180, 677, 28.6 for dcgan64; 360, 4276, 393 for resnet128.
LIMITS = {
    "mlp": (58, 55, 0.0),  # 52 kernels and 51 MB with jax 0.10
    "dcgan16": (98, 73, 0.57),
    "dcgan64": (145, 520, 22.1),
    "resnet128": (316, 3600, 257),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name != "dcgan16")) for name in LIMITS]
)
def test_step_launches_few_kernels(compiler, name):
    found, (kernels, megabytes, gigaflops) = steps.count_step(name), LIMITS[name]
    assert found.kernels <= kernels
    assert found.megabytes <= megabytes
    assert found.gigaflops <= gigaflops
    assert found.reversed_windows == found.zero_stuffed == found.direct_sums == 0


# The bare steps launch 52, 84, 126 and 294 in a loop; with one norm per leaf, the trainer's
# launched 124, 163, 244 and 547.
TRAINER = {"mlp": 74, "dcgan16": 101, "dcgan64": 165, "resnet128": 358}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name != "mlp")) for name in TRAINER]
)
def test_trainer_adds_few_kernels(compiler, name):
    assert trainer.count_trainer(name).kernels <= TRAINER[name]


def test_compiler_knows_the_length_of_a_block(compiler):
    """Otherwise, the host waits for the condition of the loop after every step."""
    assert '"known_trip_count":{"n":"10"}' in trainer.compile_trainer("mlp")


@pytest.mark.parametrize(("name", "passes"), [("nsgda", 4.1), ("ada_nsgda", 11.1)])
def test_normalized_updates_take_few_passes(compiler, name, passes):
    """Adam takes seven. Masks, or ratios written to memory, would be further passes.

    The sums of `ada_nsgda` read the moments and the field again, in kernels of their own: sums in
    the kernel that writes the moments take nine passes, but more time.
    """
    assert updates.count_passes(mm.optimizers[name](1e-3), 2581) <= passes


# With norms per leaf: 75, 92, 300 and 362.
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("name", "pairs", "kernels"),
    [("nsgda", 15, 20), ("ada_nsgda", 15, 70), ("nsgda", 60, 80), ("ada_nsgda", 60, 275)],
)
def test_normalized_updates_launch_few_kernels(compiler, name, pairs, kernels, dtype):
    """One kernel sums each matrix. `ada_nsgda` has two more per matrix, for the moments and the
    sums of Adam, and one per vector, for the moments."""
    found = updates.count_update(mm.optimizers[name](1e-3), 516, dtype, pairs=pairs)
    assert found.kernels <= kernels


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_no_sum_is_computed_with_the_moments(compiler, dtype):
    """XLA computes sums and arrays in one kernel at half the bandwidth."""
    program = updates.compile_update(mm.ada_nsgda(1e-3), 2582, dtype)
    assert not re.search(r"= \(.*\[2582,2582\].* fusion\(.*kind=kInput", program)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("name", "passes"),
    [("adam", 7), ("three kernels", 11), ("sums first", 10), ("moments with sums", 8)],
)
@pytest.mark.parametrize(("side", "row"), [(2560, 64), (2582, 2582)])
def test_forms_of_an_update_take_their_passes(compiler, side, row, name, passes, dtype):
    assert passes <= updates.count_form(name, side, row, dtype) <= passes + 0.4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("order", "kernels", "gigaflops", "megabytes"),
    [("symplectic", 298, 3.51, 337), ("competitive", 345, 3.09, 334)],
)
def test_forward_mode_costs_no_more(compiler, order, kernels, gigaflops, megabytes):
    """The limits are the counts of the plain forms, except for 324 kernels of competitive."""
    found = steps.count_step("dcgan16", order)
    assert found.kernels <= kernels
    assert found.gigaflops <= gigaflops and found.megabytes <= megabytes
    assert found.direct_sums <= 6  # before: 57 and 52
