"""The control rule of ADA on given sequences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan.objective.augmentation import Augmentation, Control, parse_policy


def run(control, signs, batch_size):
    """Returns the probability after each update."""

    def update(state, step_and_sign):
        state = control.update(state, step_and_sign[1], step_and_sign[0], batch_size)
        return state, state.probability

    steps = jnp.arange(len(signs))
    return np.asarray(jax.lax.scan(update, control.init(), (steps, jnp.array(signs)))[1])


def test_probability_follows_the_rule_every_four_updates():
    """r of the four groups: 0.9, 0.6 (sign 0), 0.5, −1; the steps are 64 · 4 / 500,000."""
    signs = [1.0, 0.8, 1.0, 0.8, 1.0, 0.2, 1.0, 0.2, 0.5, 0.5, 0.5, 0.5, *[-1.0] * 4]
    found = run(Control(target=0.6), signs, 64)
    change = 64 * 4 / 500_000
    assert np.isclose(change, 0.000512)
    expected = np.repeat([0.0, change, change, 0.0, 0.0], [3, 4, 4, 4, 1])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_probability_stays_between_zero_and_its_limit():
    control = Control(images=100, limit=0.5)
    up_and_down = [1.0] * 24 + [0.0] * 24
    found = run(control, up_and_down, 10)
    groups = np.minimum(0.4 * np.arange(1, 7), 0.5)
    np.testing.assert_allclose(found[3:24:4], groups, rtol=1e-6)
    np.testing.assert_allclose(found[27::4], [0.1, 0, 0, 0, 0, 0], atol=1e-6)


def test_mean_sign_counts_observed_updates_only():
    """After a skipped update, the group has three updates, and r is their mean."""
    control = Control(target=0.6)
    state = control.init()
    for step, sign in ((0, 1.0), (2, 0.0), (3, 1.0)):
        state = control.update(state, jnp.float32(sign), jnp.int32(step), 64)
    assert state.probability > 0 and state.count == 0  # r = 2/3 > 0.6, but 2/4 < 0.6


def test_state_is_empty_without_control():
    augmentation = Augmentation(parse_policy("flip"), 0.3)
    assert augmentation.init() == () and augmentation.update((), (), jnp.int32(0), 4) == ()


def test_probability_comes_from_constant_schedule_or_control():
    steps, step = parse_policy("flip"), jnp.int32(5)
    assert Augmentation(steps, 0.3).at((), step).probability == 0.3
    assert Augmentation(steps, lambda count: count / 10).at((), step).probability == 0.5
    control = Control()
    state = control.init()._replace(probability=jnp.float32(0.25))
    assert Augmentation(steps, None, control).at(state, step).probability == 0.25


@pytest.mark.parametrize(
    ("augmentation", "source"),
    [
        (Augmentation(parse_policy("flip"), None, Control()), "the control rule"),
        (Augmentation(parse_policy("flip"), lambda count: count), "a schedule"),
    ],
    ids=["control", "schedule"],
)
def test_unresolved_probability_is_refused(augmentation, source):
    with pytest.raises(ValueError, match=f"probability must be a number, but {source}"):
        augmentation.draw(jax.random.split(jax.random.key(0), 2), (4, 4, 1))
