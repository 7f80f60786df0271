"""What a person wants to watch: pure functions, with no effect on the update."""

from minmax_jax.diagnostics.duality_gap import best_vertices, duality_gap
from minmax_jax.diagnostics.field_evaluations import (
    CountedField,
    Evaluations,
    field_evaluations,
)
from minmax_jax.diagnostics.greedy_equilibrium import (
    GreedyEquilibrium,
    binomial_interval,
    greedy_equilibrium,
)
from minmax_jax.diagnostics.jacobian import jacobian
from minmax_jax.diagnostics.jacobian_spectrum import (
    Eigenvalues,
    JacobianSpectrum,
    jacobian_spectrum,
)
from minmax_jax.diagnostics.norms import hamiltonian, pace, player_norms
from minmax_jax.diagnostics.path_angle import path_angle

__all__ = [
    "CountedField",
    "Eigenvalues",
    "Evaluations",
    "GreedyEquilibrium",
    "JacobianSpectrum",
    "best_vertices",
    "binomial_interval",
    "duality_gap",
    "field_evaluations",
    "greedy_equilibrium",
    "hamiltonian",
    "jacobian",
    "jacobian_spectrum",
    "pace",
    "path_angle",
    "player_norms",
]
