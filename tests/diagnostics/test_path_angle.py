"""The angle between a field and a line."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm

POSITIONS = jnp.array([0.0, 0.5, 0.9, 1.1, 2.0])


def test_an_attractor_switches_the_sign_at_the_end():
    field_fn = mm.zero_sum(lambda z: jnp.sum(z.min**2) - jnp.sum(z.max**2))
    start, end = mm.Players(jnp.ones(3), -jnp.ones(2)), mm.Players(jnp.zeros(3), jnp.zeros(2))
    angles = jax.jit(lambda p: mm.diagnostics.path_angle(field_fn, start, end, p))(POSITIONS)
    np.testing.assert_allclose(angles, [-1, -1, -1, 1, 1], atol=1e-6)


def test_rotation_is_at_right_angles_to_lines_through_its_centre():
    game = mm.games.bilinear()
    angles = mm.diagnostics.path_angle(game.field_fn, game.start, game.solution, POSITIONS)
    np.testing.assert_allclose(angles, 0, atol=1e-6)


def test_rotation_bumps_beside_its_centre_by_the_closed_form():
    game, offset = mm.games.bilinear(), 0.1
    start, end = mm.Players(-1.0, offset), mm.Players(0.0, offset)
    x = -1 + POSITIONS  # F = (y, −x), and the line runs along x
    wanted = offset / jnp.hypot(x, offset)
    angles = mm.diagnostics.path_angle(game.field_fn, start, end, POSITIONS)
    np.testing.assert_allclose(angles, wanted, rtol=1e-5)


def test_zero_fields_and_zero_lines_have_angle_zero():
    game = mm.games.bilinear()
    assert mm.diagnostics.path_angle(game.field_fn, game.start, game.solution, [1.0]) == 0
    assert mm.diagnostics.path_angle(game.field_fn, game.start, game.start, [0.0]) == 0


def test_huge_and_tiny_fields_keep_their_angle():
    for scale in (1e-30, 1e30):
        field_fn = mm.zero_sum(lambda z, c=scale: c * (0.5 * z.min**2 - z.min * z.max))
        start, end = mm.Players(0.0, 0.0), mm.Players(2.0, 0.0)  # F = c (x, x) on the line
        angle = mm.diagnostics.path_angle(field_fn, start, end, [0.3, 0.5])
        np.testing.assert_allclose(angle, 0.5**0.5, rtol=1e-5)


def test_ends_must_have_the_same_structure():
    game = mm.games.bilinear()
    with pytest.raises(ValueError, match="path_angle"):
        mm.diagnostics.path_angle(game.field_fn, game.start, mm.Players({"a": 1.0}, 1.0), [0.0])
