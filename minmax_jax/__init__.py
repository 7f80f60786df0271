"""Min-max optimization with composable Optax transformations.

The parameters of a game are `Players(min=x, max=y)`. All methods descend the game's vector
field `F(z) = (grad_x f, -grad_y f)`, where the payoff f is minimized over x and maximized
over y.
"""

from minmax_jax import diagnostics, fsdp, games, parallel
from minmax_jax._util.types import FieldFn, Microbatch, PayoffFn, Players
from minmax_jax.accumulate import accumulate
from minmax_jax.constraints.augmented_lagrangian import AugmentState, augment_lagrangian
from minmax_jax.constraints.multipliers import Multipliers
from minmax_jax.constraints.problem import ConstrainedProblem, constrained
from minmax_jax.constraints.proxy import Proxy
from minmax_jax.field import general_sum, payoff, zero_sum
from minmax_jax.optimizers import by_name
from minmax_jax.optimizers.ada_dir import ada_dir
from minmax_jax.optimizers.ada_nsgda import ada_nsgda
from minmax_jax.optimizers.adam_gda import adam_gda
from minmax_jax.optimizers.adaptive_competitive import adaptive_competitive
from minmax_jax.optimizers.adaptive_extragradient import adaptive_extragradient
from minmax_jax.optimizers.adaptive_golden_ratio import adaptive_golden_ratio
from minmax_jax.optimizers.alternating_extrapolation import alternating_extrapolation
from minmax_jax.optimizers.amsgrad_gda import amsgrad_gda
from minmax_jax.optimizers.anchored_past_extragradient import anchored_past_extragradient
from minmax_jax.optimizers.bias_corrected_extragradient import bias_corrected_extragradient
from minmax_jax.optimizers.competitive import competitive
from minmax_jax.optimizers.complete_newton import complete_newton
from minmax_jax.optimizers.consensus import consensus
from minmax_jax.optimizers.curvature_extragradient import curvature_extragradient
from minmax_jax.optimizers.extra_adam import extra_adam
from minmax_jax.optimizers.extra_amsgrad import extra_amsgrad
from minmax_jax.optimizers.extra_anchored_gradient import extra_anchored_gradient
from minmax_jax.optimizers.extragradient import extragradient
from minmax_jax.optimizers.fast_extragradient import fast_extragradient
from minmax_jax.optimizers.fast_optimistic_gda import fast_optimistic_gda
from minmax_jax.optimizers.follow_the_ridge import follow_the_ridge
from minmax_jax.optimizers.forward_backward_forward import forward_backward_forward
from minmax_jax.optimizers.golden_ratio import golden_ratio
from minmax_jax.optimizers.greedy_adam import greedy_adam
from minmax_jax.optimizers.lead import lead
from minmax_jax.optimizers.lookahead_minmax import lookahead_minmax
from minmax_jax.optimizers.nsgda import nsgda
from minmax_jax.optimizers.optimistic_adam import optimistic_adam
from minmax_jax.optimizers.optimistic_gda import optimistic_gda
from minmax_jax.optimizers.past_extragradient import past_extragradient
from minmax_jax.optimizers.primal_dual_hybrid_gradient import primal_dual_hybrid_gradient
from minmax_jax.optimizers.sgda import sgda
from minmax_jax.optimizers.smoothed_gda import smoothed_gda
from minmax_jax.optimizers.symplectic import symplectic
from minmax_jax.optimizers.tiada import tiada
from minmax_jax.players import apply_updates, map_params, per_player
from minmax_jax.schedules import inverse_sqrt_schedule
from minmax_jax.solve import SolveResult, solve
from minmax_jax.transforms.alternate import AlternateState, alternate
from minmax_jax.transforms.anchor import AnchorState, anchor
from minmax_jax.transforms.average import AverageState, average, averaged_players
from minmax_jax.transforms.competitive import CompetitiveState
from minmax_jax.transforms.complex_trace import ComplexTraceState, complex_trace
from minmax_jax.transforms.consensus import ConsensusState, add_consensus
from minmax_jax.transforms.exponentiate import exponentiate
from minmax_jax.transforms.extragradient import ExtrapolateState, extrapolate
from minmax_jax.transforms.graft import GraftState, graft
from minmax_jax.transforms.greedy import GreedyState, GreedyStatus, greedy
from minmax_jax.transforms.lazy import LazyState, regularize_lazily
from minmax_jax.transforms.lead import LeadState, add_lead
from minmax_jax.transforms.lookahead import LookaheadState, lookahead
from minmax_jax.transforms.magnetic import magnetic
from minmax_jax.transforms.noise import NoiseState, add_noise
from minmax_jax.transforms.normalize import normalize
from minmax_jax.transforms.optimistic import OptimismState, add_optimism
from minmax_jax.transforms.past_extragradient import PastState, extrapolate_from_past
from minmax_jax.transforms.project import project
from minmax_jax.transforms.record_diagnostics import (
    DiagnosticInputs,
    RecordDiagnosticsState,
    record_diagnostics,
)
from minmax_jax.transforms.reflect import ReflectState, reflect
from minmax_jax.transforms.regret_matching import RegretMatchingState, regret_matching
from minmax_jax.transforms.scale_by_pi import PIState, scale_by_pi
from minmax_jax.transforms.smooth import SmoothState, smooth
from minmax_jax.transforms.symplectic import SymplecticState, add_symplectic
from minmax_jax.transforms.unrolled import UnrolledState, unrolled
from minmax_jax.tune import Tuning, tune
from minmax_jax.tuning_table import tuning_table

__version__ = "0.2.0"

optimizers = by_name(globals())
"""Mapping from the name of each optimizer to its function."""

__all__ = [
    "AlternateState",
    "AnchorState",
    "AugmentState",
    "AverageState",
    "CompetitiveState",
    "ComplexTraceState",
    "ConsensusState",
    "ConstrainedProblem",
    "DiagnosticInputs",
    "ExtrapolateState",
    "FieldFn",
    "GraftState",
    "GreedyState",
    "GreedyStatus",
    "LazyState",
    "LeadState",
    "LookaheadState",
    "Microbatch",
    "Multipliers",
    "NoiseState",
    "OptimismState",
    "PIState",
    "PastState",
    "PayoffFn",
    "Players",
    "Proxy",
    "RecordDiagnosticsState",
    "ReflectState",
    "RegretMatchingState",
    "SmoothState",
    "SolveResult",
    "SymplecticState",
    "Tuning",
    "UnrolledState",
    "accumulate",
    "ada_dir",
    "ada_nsgda",
    "adam_gda",
    "adaptive_competitive",
    "adaptive_extragradient",
    "adaptive_golden_ratio",
    "add_consensus",
    "add_lead",
    "add_noise",
    "add_optimism",
    "add_symplectic",
    "alternate",
    "alternating_extrapolation",
    "amsgrad_gda",
    "anchor",
    "anchored_past_extragradient",
    "apply_updates",
    "augment_lagrangian",
    "average",
    "averaged_players",
    "bias_corrected_extragradient",
    "competitive",
    "complete_newton",
    "complex_trace",
    "consensus",
    "constrained",
    "curvature_extragradient",
    "diagnostics",
    "exponentiate",
    "extra_adam",
    "extra_amsgrad",
    "extra_anchored_gradient",
    "extragradient",
    "extrapolate",
    "extrapolate_from_past",
    "fast_extragradient",
    "fast_optimistic_gda",
    "follow_the_ridge",
    "forward_backward_forward",
    "fsdp",
    "games",
    "general_sum",
    "golden_ratio",
    "graft",
    "greedy",
    "greedy_adam",
    "inverse_sqrt_schedule",
    "lead",
    "lookahead",
    "lookahead_minmax",
    "magnetic",
    "map_params",
    "normalize",
    "nsgda",
    "optimistic_adam",
    "optimistic_gda",
    "optimizers",
    "parallel",
    "past_extragradient",
    "payoff",
    "per_player",
    "primal_dual_hybrid_gradient",
    "project",
    "record_diagnostics",
    "reflect",
    "regret_matching",
    "regularize_lazily",
    "scale_by_pi",
    "sgda",
    "smooth",
    "smoothed_gda",
    "solve",
    "symplectic",
    "tiada",
    "tune",
    "tuning_table",
    "unrolled",
    "zero_sum",
]
