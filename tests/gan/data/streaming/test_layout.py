"""Every batch that a run draws is in exactly one place of one window."""

import pytest

from minmax_jax.gan.data.streaming.layout import Draws, Layout


@pytest.mark.parametrize("steps", [1, 3, 7])
@pytest.mark.parametrize("draws", [Draws(1), Draws(3), Draws(4, 3, 4), Draws(2, 1, 5)])
def test_slots_contain_each_batch_of_a_run_once(steps, draws):
    layout, start, end = Layout(steps, draws), 5, 19
    slots = [
        layout.slot(first, index, end)
        for first in range(start, end + 1, steps)
        for index in range(layout.num_slots)
    ]
    used = [slot[:3] for slot in slots if slot.is_used]
    expected = [(step, draw, False) for step in range(start, end) for draw in range(draws.main)]
    expected.append((end, 0, False))  # The losses of the last step are measured on it.
    for step in range(start, end):
        inner = range(step * draws.penalty_steps, (step + 1) * draws.penalty_steps)
        expected += [(step, t, True) for t in inner if t % draws.penalty_every == 0]
    assert sorted(used) == sorted(expected)
