"""Tests of the angle between a field and a line."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm

POSITIONS = jnp.array([0.0, 0.5, 0.9, 1.1, 2.0])


def test_path_angle_changes_sign_at_attractor():
    field_fn = mm.zero_sum(lambda z: jnp.sum(z.min**2) - jnp.sum(z.max**2))
    start, end = mm.Players(jnp.ones(3), -jnp.ones(2)), mm.Players(jnp.zeros(3), jnp.zeros(2))
    angles = jax.jit(lambda p: mm.diagnostics.path_angle(field_fn, start, end, p))(POSITIONS)
    np.testing.assert_allclose(angles, [-1, -1, -1, 1, 1], atol=1e-6)


def test_path_angle_is_zero_through_center_of_rotation():
    game = mm.games.bilinear()
    angles = mm.diagnostics.path_angle(game.field_fn, game.start, game.solution, POSITIONS)
    np.testing.assert_allclose(angles, 0, atol=1e-6)


def test_path_angle_near_center_of_rotation_has_closed_form():
    game, offset = mm.games.bilinear(), 0.1
    start, end = mm.Players(-1.0, offset), mm.Players(0.0, offset)
    x = -1 + POSITIONS  # The field is (y, −x), and the line is parallel to the x axis.
    wanted = offset / jnp.hypot(x, offset)
    angles = mm.diagnostics.path_angle(game.field_fn, start, end, POSITIONS)
    np.testing.assert_allclose(angles, wanted, rtol=1e-5)


def test_path_angle_is_zero_for_zero_field_or_zero_line():
    game = mm.games.bilinear()
    assert mm.diagnostics.path_angle(game.field_fn, game.start, game.solution, [1.0]) == 0
    assert mm.diagnostics.path_angle(game.field_fn, game.start, game.start, [0.0]) == 0


def test_path_angle_is_invariant_to_scale_of_field():
    for scale in (1e-30, 1e30):
        field_fn = mm.zero_sum(lambda z, c=scale: c * (0.5 * z.min**2 - z.min * z.max))
        start, end = mm.Players(0.0, 0.0), mm.Players(2.0, 0.0)  # F = c (x, x) on the line
        angle = mm.diagnostics.path_angle(field_fn, start, end, [0.3, 0.5])
        np.testing.assert_allclose(angle, 0.5**0.5, rtol=1e-5)


def test_path_angle_raises_for_mismatched_structures():
    game = mm.games.bilinear()
    with pytest.raises(ValueError, match=r"path_angle: end and start must have"):
        mm.diagnostics.path_angle(game.field_fn, game.start, mm.Players({"a": 1.0}, 1.0), [0.0])
