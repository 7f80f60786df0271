"""Argument validation with uniform error messages. Most checks return the value."""

from minmax_jax._util.checks.games import (
    IF_DROPPED,
    check_field_fn,
    check_game_function,
    check_is_key,
    check_key,
    check_payoff_fn,
)
from minmax_jax._util.checks.leaves import (
    check_arrays,
    check_floats,
    check_params,
    check_players,
    check_whole_players,
)
from minmax_jax._util.checks.meshes import (
    check_devices,
    check_layout,
    check_leading_axis,
    check_mesh,
    check_pair,
)
from minmax_jax._util.checks.numbers import (
    MAX_COUNT,
    check_count,
    check_learning_rate,
    check_number,
)
from minmax_jax._util.checks.scalars import concrete, is_real_scalar, scalar_remedy
from minmax_jax._util.checks.structure import (
    check_chain,
    check_match,
    check_same_structure,
    check_state,
)
from minmax_jax._util.checks.values import (
    SCOPES,
    check_callable,
    check_choice,
    check_projection,
    check_signature,
    check_transformation,
    check_transformation_or_none,
    described,
    shown,
    takes,
)

__all__ = [
    "IF_DROPPED",
    "MAX_COUNT",
    "SCOPES",
    "check_arrays",
    "check_callable",
    "check_chain",
    "check_choice",
    "check_count",
    "check_devices",
    "check_field_fn",
    "check_floats",
    "check_game_function",
    "check_is_key",
    "check_key",
    "check_layout",
    "check_leading_axis",
    "check_learning_rate",
    "check_match",
    "check_mesh",
    "check_number",
    "check_pair",
    "check_params",
    "check_payoff_fn",
    "check_players",
    "check_projection",
    "check_same_structure",
    "check_signature",
    "check_state",
    "check_transformation",
    "check_transformation_or_none",
    "check_whole_players",
    "concrete",
    "described",
    "is_real_scalar",
    "scalar_remedy",
    "shown",
    "takes",
]
