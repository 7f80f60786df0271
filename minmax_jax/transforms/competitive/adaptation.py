"""Learning rates per parameter, computed from the second moment of the field."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from minmax_jax._util.types import PyTree


class AdaptiveLearningRates(NamedTuple):
    """Learning rates per parameter, computed from the second moment of the field.

    Attributes:
      b2: Decay rate of the second moment v.
      eps: Constant added to the square root of the second moment.
      eps_root: Constant added to the second moment inside the square root.
      correction: How the bias of v after t fields is corrected. With `"first"`, eps is added to
        √(v̂ + eps_root), where v̂ = v / (1 − b2ᵗ), as in Adam. With `"last"`, eps is added to
        √(v + eps_root), and the learning rate is multiplied by √(1 − b2ᵗ).
    """

    b2: float
    eps: float
    eps_root: float
    correction: str

    def average(self, moment: PyTree, field: PyTree) -> PyTree:
        """Returns the running mean of the squared field after one more field."""

        def mean(v: jax.Array, f: jax.Array) -> jax.Array:
            b2 = jnp.asarray(self.b2, v.dtype)
            return b2 * v + (1 - b2) * f * f

        return jax.tree.map(mean, moment, field)

    def at(self, moment: PyTree, eta: jax.Array, count: jax.Array) -> PyTree:
        """Returns the learning rate of each parameter after `count` fields.

        With v = `moment` and t = `count`, it is η / (√(v̂ + eps_root) + eps) with
        `correction="first"`, and η √(1 − b2ᵗ) / (√(v + eps_root) + eps) with `"last"`.
        """

        def scaled(v: jax.Array) -> jax.Array:
            bias = 1 - jnp.asarray(self.b2, v.dtype) ** count.astype(v.dtype)
            if self.correction == "last":
                return eta * jnp.sqrt(bias) / (jnp.sqrt(v + self.eps_root) + self.eps)
            return eta / (jnp.sqrt(v / bias + self.eps_root) + self.eps)

        return jax.tree.map(scaled, moment)
