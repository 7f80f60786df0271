"""What must not grow again, by counts of compiled programs: nothing here looks at the clock."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from benchmarks import counts, hand, hand_step, scaling, scaling_lines, step

SMALL = dataclasses.replace(scaling.QUICK, side=8, width=4, batch=16)


def step_counts(shape, order, batch_size=8):
    """Counts of the library's step and of the one written by hand."""
    pair = step.build(*shape)
    z = mm.Players(pair.generator.params, pair.discriminator.params)
    batch = jnp.ones((batch_size, *pair.sample_shape)), jnp.ones((batch_size, pair.latent_dim))
    by_hand, start = hand_step.ORDERS[order](
        lambda batch: step.losses(pair, batch), step.RATE, step.ADAM, step.EPS
    )
    optimizer = step.optimizers()[order]
    programs = (
        counts.compiled(step.ours(pair, optimizer), z, optimizer.init(z), batch),
        counts.compiled(by_hand, z, start(z), batch),
    )
    return [counts.count(program) for program in programs]


@pytest.mark.parametrize("order", hand_step.ORDERS)
@pytest.mark.parametrize(
    "shape",
    [("mlp", 8, 1, 16, 4), pytest.param(("dcgan", 8, 1, 4, 4), marks=pytest.mark.slow)],
    ids=lambda shape: shape[0],
)
def test_a_step_costs_no_more_than_the_loop_written_by_hand(shape, order):
    ours, by_hand = step_counts(shape, order)
    counter = 16  # a number or two more: extragradient counts its updates, for schedules
    assert ours.flops <= by_hand.flops + counter
    assert ours.bytes <= by_hand.bytes + counter
    assert ours.temporaries <= by_hand.temporaries


@pytest.mark.parametrize("leaves", [1, 3])
@pytest.mark.parametrize(
    ("name", "passes"), [("nsgda", 3), ("ada_nsgda", 11), ("ada_dir", 13), ("adam_gda", 9)]
)
def test_an_update_moves_no_more_than_the_one_written_by_hand(name, passes, leaves):
    """Passes over the tree: of more than one leaf XLA shares arrays of equal numbers."""
    gradients = {f"weight_{i}": jnp.ones((512, 256)) for i in range(leaves)}
    size = 4 * leaves * 512 * 256

    def moved(tx):
        with counts.usual_branch():
            program = counts.compiled(tx.update, gradients, tx.init(gradients))
        return counts.count(program).bytes / size

    shared = 0 if leaves == 1 else 2
    assert moved(getattr(mm, name)(1e-3)) <= passes * 1.01 + shared
    if hasattr(hand, name):
        assert moved(getattr(mm, name)(1e-3)) <= moved(getattr(hand, name)(1e-3)) * 1.01


@pytest.mark.parametrize("optimizer", ["adam_gda", "extra_adam"])
def test_one_message_a_field_evaluation_and_no_parameters(optimizer):
    """Besides the two flags on which devices agree."""
    row = scaling.measure(SMALL, "mlp", optimizer, 4)
    evaluations = row["field_evaluations"]
    assert row["batch_norm"] == 0
    assert row["collectives"] == evaluations + 1
    assert row["sent"] == evaluations * row["parameters"] + 2
    assert row["transfers"] == 0


@pytest.mark.slow
def test_batch_norm_adds_its_own_messages_and_at_most_one_more():
    row = scaling.measure(SMALL, "dcgan", "adam_gda", 4)
    assert row["collectives"] <= row["batch_norm"] + 1 + 1 + 1
    known = row["parameters"] + row["statistics"] + row["batch_norm_sent"]
    assert row["sent"] == known + 2 and row["statistics"] > 0
    assert row["transfers"] == 0


def test_calls_of_any_length_are_compiled_once():
    config = dataclasses.replace(SMALL, steps_per_call=50)
    *_, made, state, images = scaling.trained(config, "mlp", "adam_gda", 2)
    compiled = []
    listen = lambda event, *_, **__: compiled.append(event)  # noqa: E731
    state, _ = made.advance(state, images, np.uint32(0), np.int32(2))
    jax.monitoring.register_event_duration_secs_listener(listen)
    for until in (3, 10):
        state, _ = made.advance(state, images, np.uint32(0), np.int32(until))
    jax.monitoring.unregister_event_duration_listener(listen)
    assert int(state.step[0]) == 10
    assert not [event for event in compiled if "compile" in event]


def test_flops_and_bytes_grow_as_straight_lines_with_the_batch_and_do_not_with_leaves():
    by_batch = [scaling_lines.mlp_step(8, 8, batch) for batch in (8, 16, 32)]
    for cost in ("flops", "bytes"):
        assert scaling_lines.line((8, 16, 32), [one[cost] for one in by_batch])["off"] < 0.01
    few, many = (scaling_lines.update(100_000, leaves)["bytes"] for leaves in (6, 24))
    assert many < 1.02 * few


def test_counts_see_a_message_of_many_parts():
    text = (
        "  %a.1 = (f32[8,8]{1,0}, f32[8]{0}, f32[1]{0}, f32[2]{0}, f32[3]{0}, /*index=5*/f32[]) "
        "all-reduce(%b, %c), to_apply=%add\n"
        "  %d = s32[2]{0} all-reduce(%e), channel_id=1\n"
        "  %f = f32[2]{0} fusion(%all-reduce), kind=kLoop\n"
    )
    sizes = [message.size for message in counts.messages(text)]
    assert sizes == [64 + 8 + 1 + 2 + 3 + 1, 2]
