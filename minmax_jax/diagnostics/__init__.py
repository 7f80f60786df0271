"""Pure functions that measure a game or a run."""

from minmax_jax.diagnostics.binomial_interval import binomial_interval
from minmax_jax.diagnostics.bootstrap import Interval, bootstrap_interval
from minmax_jax.diagnostics.duality_gap import best_vertices, duality_gap
from minmax_jax.diagnostics.exploitability import exploitability
from minmax_jax.diagnostics.field_evaluations import (
    CountedField,
    Evaluations,
    field_evaluations,
)
from minmax_jax.diagnostics.greedy_equilibrium import GreedyEquilibrium, greedy_equilibrium
from minmax_jax.diagnostics.jacobian import jacobian
from minmax_jax.diagnostics.jacobian_spectrum import (
    Eigenvalues,
    JacobianSpectrum,
    jacobian_spectrum,
)
from minmax_jax.diagnostics.kkt import (
    KKTConditions,
    kkt_conditions,
    kkt_residual,
    natural_residual,
)
from minmax_jax.diagnostics.noise_floor import NoiseFloor, noise_floor
from minmax_jax.diagnostics.norms import hamiltonian, norm_ratio, player_norms
from minmax_jax.diagnostics.one_sided_mvi import OneSidedMVI, one_sided_mvi
from minmax_jax.diagnostics.path_angle import path_angle
from minmax_jax.diagnostics.scaled_norms import ScaledNorms, scaled_norms

__all__ = [
    "CountedField",
    "Eigenvalues",
    "Evaluations",
    "GreedyEquilibrium",
    "Interval",
    "JacobianSpectrum",
    "KKTConditions",
    "NoiseFloor",
    "OneSidedMVI",
    "ScaledNorms",
    "best_vertices",
    "binomial_interval",
    "bootstrap_interval",
    "duality_gap",
    "exploitability",
    "field_evaluations",
    "greedy_equilibrium",
    "hamiltonian",
    "jacobian",
    "jacobian_spectrum",
    "kkt_conditions",
    "kkt_residual",
    "natural_residual",
    "noise_floor",
    "norm_ratio",
    "one_sided_mvi",
    "path_angle",
    "player_norms",
    "scaled_norms",
]
