"""Field and payoff of the augmented Lagrangian at given penalties."""

import dataclasses

import jax
import jax.numpy as jnp

from minmax_jax._util import trees
from minmax_jax._util.types import Draw, FieldFn, PayoffFn, Players, PyTree
from minmax_jax.constraints.multipliers import like, positive_part, split


@dataclasses.dataclass(frozen=True, eq=False)
class AugmentedField:
    """Field of the augmented Lagrangian for x, and of the Lagrangian for the multipliers.

    Attributes:
      field_fn: Field of the Lagrangian.
      penalty: Penalty of each constraint.
      general_sum: True, because the two players have different payoffs.
    """

    field_fn: FieldFn
    penalty: PyTree
    general_sum: bool = True

    def __call__(self, players: Players, draw: Draw = 0) -> Players:
        """Returns the augmented field at `players`."""
        return self.complete(self.field_fn(players, draw), players, draw)

    def complete(self, field: Players, players: Players, draw: Draw) -> Players:
        """Returns the augmented field, given the field of the Lagrangian at the same point."""
        shifted = Players(players.min, shift(players.max, field.max, self.penalty))
        return Players(self.field_fn(shifted, draw).min, field.max)


def shift(multipliers: PyTree, field: PyTree, penalty: PyTree) -> PyTree:
    """Returns max(λ + c g, 0) and μ + c h, where `field` is minus the constraint values."""

    def move(y: jax.Array, f: jax.Array, c: jax.Array) -> jax.Array:
        return y - (c * f.astype(c.dtype)).astype(y.dtype)

    moved = jax.tree.map(move, trees.strongly_typed(multipliers), field, penalty)
    sides = split(moved)
    return like(moved, sides._replace(inequality=positive_part(sides.inequality)))


@dataclasses.dataclass(frozen=True, eq=False)
class AugmentedPayoff:
    """The augmented Lagrangian, as the payoff of the Lagrangian plus the penalty terms."""

    payoff_fn: PayoffFn
    field: AugmentedField

    def __call__(self, players: Players, draw: Draw = 0) -> jax.Array:
        """Returns the augmented Lagrangian at `players`."""
        plain = self.payoff_fn(players, draw)
        values = jax.tree.map(jnp.negative, split(self.field.field_fn(players, draw).max))
        y, c = split(players.max), split(self.field.penalty)

        def inequality(m: jax.Array, g: jax.Array, c: jax.Array) -> jax.Array:
            """Returns (max(λ + c g, 0)² − λ²) / (2c) − λ g, without a division by c = 0."""
            m, g = m.astype(c.dtype), g.astype(c.dtype)
            inactive = m + c * g < 0
            half_square = -m * m / (2 * jnp.where(inactive, c, 1))
            return jnp.where(inactive, half_square - m * g, c * g * g / 2)

        terms = (
            jax.tree.map(inequality, y.inequality, values.inequality, c.inequality),
            jax.tree.map(lambda h, c: c * h.astype(c.dtype) ** 2 / 2, values.equality, c.equality),
        )
        return plain + sum(jnp.sum(t).astype(plain.dtype) for t in jax.tree.leaves(terms))
