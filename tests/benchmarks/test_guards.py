"""Upper limits on FLOPs, bytes, memory and collectives of compiled programs."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from benchmarks import counts, handwritten_step, handwritten_update, scaling, scaling_lines, step

SMALL = dataclasses.replace(scaling.QUICK, side=8, width=4, batch=16)


def step_counts(shape, order, batch_size=8):
    """Returns the counts of the library's step and of the hand-written one."""
    pair = step.build(*shape)
    z = step.players_of(pair)
    batch = jnp.ones((batch_size, *pair.sample_shape)), jnp.ones((batch_size, pair.latent_dim))
    handwritten, init = handwritten_step.ORDERS[order](
        lambda batch: step.losses(pair, batch), step.LEARNING_RATE, step.ADAM, step.EPS
    )
    optimizer = step.optimizers()[order]
    programs = (
        counts.compiled(step.library_step(pair, optimizer), z, optimizer.init(z), batch),
        counts.compiled(handwritten, z, init(z), batch),
    )
    return [counts.count(program) for program in programs]


@pytest.mark.parametrize("order", handwritten_step.ORDERS)
@pytest.mark.parametrize(
    "shape",
    [("mlp", 8, 1, 16, 4), pytest.param(("dcgan", 8, 1, 4, 4), marks=pytest.mark.slow)],
    ids=lambda shape: shape[0],
)
def test_step_costs_no_more_than_handwritten_step(shape, order):
    library, handwritten = step_counts(shape, order)
    counter = 16  # extragradient counts its updates, for schedules
    assert library.flops <= handwritten.flops + counter
    assert library.bytes <= handwritten.bytes + counter
    assert library.temporaries <= handwritten.temporaries


@pytest.mark.parametrize("leaves", [1, 3])
@pytest.mark.parametrize(
    ("name", "passes"), [("nsgda", 3), ("ada_nsgda", 11), ("ada_dir", 13), ("adam_gda", 9)]
)
def test_update_moves_no_more_bytes_than_handwritten_update(name, passes, leaves):
    """Counts passes over the tree; with several leaves XLA also shares broadcast scalars."""
    gradients = {f"weight_{i}": jnp.ones((512, 256)) for i in range(leaves)}
    size = 4 * leaves * 512 * 256

    def moved(tx):
        with counts.usual_branch():
            program = counts.compiled(tx.update, gradients, tx.init(gradients))
        return counts.count(program).bytes / size

    shared = 0 if leaves == 1 else 2
    assert moved(getattr(mm, name)(1e-3)) <= passes * 1.01 + shared
    if hasattr(handwritten_update, name):
        assert (
            moved(getattr(mm, name)(1e-3)) <= moved(getattr(handwritten_update, name)(1e-3)) * 1.01
        )


@pytest.mark.parametrize("side", [600, 601])  # 601 is not a multiple of the number of folds.
def test_ada_nsgda_writes_no_step_of_adam(side):
    gradients = jnp.ones((side, side))
    tx = mm.ada_nsgda(1e-3)
    with counts.usual_branch():
        program = counts.compiled(tx.update, gradients, tx.init(gradients))
    # Eleven passes, and two eighths for the folded squares.
    assert counts.count(program).bytes <= 11.3 * gradients.nbytes


def test_each_large_leaf_chooses_how_its_norms_are_computed():
    """A choice for all leaves would wait for all moments, which the cache cannot hold."""
    leaves, tx = [jnp.ones((80, 80))] * 3 + [jnp.ones(80)] * 2, mm.ada_nsgda(1e-3)
    program = counts.compiled(tx.update, leaves, tx.init(leaves))
    # Large leaves: one for the field and one for Adam's step. Small leaves share one.
    assert counts.instructions(program.as_text(), "conditional") == 3 + 3 + 1


@pytest.mark.parametrize("optimizer", ["adam_gda", "extra_adam"])
def test_step_sends_one_collective_per_field_evaluation(optimizer):
    """One more collective sends the two flags of the non-finite check."""
    row = scaling.measure(SMALL, "mlp", optimizer, 4)
    evaluations = row["field_evaluations"]
    assert row["batch_norm"] == 0
    assert row["collectives"] == evaluations + 1
    assert row["sent"] == evaluations * row["parameters"] + 2
    assert row["transfers"] == 0


@pytest.mark.slow
def test_batch_norm_adds_at_most_one_other_collective():
    row = scaling.measure(SMALL, "dcgan", "adam_gda", 4)
    assert row["collectives"] <= row["batch_norm"] + 1 + 1 + 1
    known = row["parameters"] + row["statistics"] + row["batch_norm_sent"]
    assert row["sent"] == known + 2 and row["statistics"] > 0
    assert row["transfers"] == 0


def test_calls_of_any_length_compile_once():
    config = dataclasses.replace(SMALL, steps_per_call=50)
    *_, program, state, images = scaling.build_trainer(config, "mlp", "adam_gda", 2)
    compiled = []
    listen = lambda event, *_, **__: compiled.append(event)  # noqa: E731
    state, _ = program.advance(state, images, np.uint32(0), np.int32(2))
    jax.monitoring.register_event_duration_secs_listener(listen)
    for until in (3, 10):
        state, _ = program.advance(state, images, np.uint32(0), np.int32(until))
    jax.monitoring.unregister_event_duration_listener(listen)
    assert int(state.step[0]) == 10
    assert not [event for event in compiled if "compile" in event]


def test_cost_is_linear_in_batch_and_constant_in_leaves():
    by_batch = [scaling_lines.mlp_step(8, 8, batch) for batch in (8, 16, 32)]
    for cost in ("flops", "bytes"):
        assert scaling_lines.line((8, 16, 32), [one[cost] for one in by_batch])["off"] < 0.01
    few, many = (scaling_lines.update(100_000, leaves)["bytes"] for leaves in (6, 24))
    assert many < 1.02 * few


def test_collectives_sum_the_sizes_of_all_operands():
    text = (
        "  %a.1 = (f32[8,8]{1,0}, f32[8]{0}, f32[1]{0}, f32[2]{0}, f32[3]{0}, /*index=5*/f32[]) "
        "all-reduce(%b, %c), to_apply=%add\n"
        "  %d = s32[2]{0} all-reduce(%e), channel_id=1\n"
        "  %f = f32[2]{0} fusion(%all-reduce), kind=kLoop\n"
    )
    sizes = [one.size for one in counts.collectives(text)]
    assert sizes == [64 + 8 + 1 + 2 + 3 + 1, 2]
