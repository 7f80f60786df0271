"""Min-max optimization as composable Optax transformations.

A game is one joint tree `Players(min=x, max=y)` and one field
`F(z) = (grad_x f, -grad_y f)`, which every method descends.
"""

from minmax_jax import diagnostics, games, parallel
from minmax_jax._types import FieldFn, PayoffFn, Players
from minmax_jax.field import general_sum, payoff, zero_sum
from minmax_jax.optimizers import BY_NAME as optimizers
from minmax_jax.optimizers.ada_dir import ada_dir
from minmax_jax.optimizers.ada_nsgda import ada_nsgda
from minmax_jax.optimizers.adam_gda import adam_gda
from minmax_jax.optimizers.amsgrad_gda import amsgrad_gda
from minmax_jax.optimizers.nsgda import nsgda
from minmax_jax.optimizers.sgda import sgda
from minmax_jax.players import per_player
from minmax_jax.solve import SolveResult, solve
from minmax_jax.transforms.alternate import AlternateState, alternate
from minmax_jax.transforms.graft import GraftState, graft
from minmax_jax.transforms.normalize import normalize
from minmax_jax.transforms.project import project
from minmax_jax.transforms.watch import Seen, WatchState, watch

__all__ = [
    "AlternateState",
    "FieldFn",
    "GraftState",
    "PayoffFn",
    "Players",
    "Seen",
    "SolveResult",
    "WatchState",
    "ada_dir",
    "ada_nsgda",
    "adam_gda",
    "alternate",
    "amsgrad_gda",
    "diagnostics",
    "games",
    "general_sum",
    "graft",
    "normalize",
    "nsgda",
    "optimizers",
    "parallel",
    "payoff",
    "per_player",
    "project",
    "sgda",
    "solve",
    "watch",
    "zero_sum",
]
