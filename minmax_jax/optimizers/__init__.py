"""The literature's named two-player optimizers, each a short composition of the transforms.

`minmax_jax.optimizers` is a mapping from each name to its factory
`factory(learning_rate, ...)`; the factories are exported by the package itself.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from minmax_jax.optimizers.ada_dir import ada_dir
from minmax_jax.optimizers.ada_nsgda import ada_nsgda
from minmax_jax.optimizers.adam_gda import adam_gda
from minmax_jax.optimizers.adaptive_competitive import adaptive_competitive
from minmax_jax.optimizers.amsgrad_gda import amsgrad_gda
from minmax_jax.optimizers.competitive import competitive
from minmax_jax.optimizers.consensus import consensus
from minmax_jax.optimizers.extra_adam import extra_adam
from minmax_jax.optimizers.extra_amsgrad import extra_amsgrad
from minmax_jax.optimizers.extra_anchored_gradient import extra_anchored_gradient
from minmax_jax.optimizers.extragradient import extragradient
from minmax_jax.optimizers.greedy_adam import greedy_adam
from minmax_jax.optimizers.lookahead_minmax import lookahead_minmax
from minmax_jax.optimizers.nsgda import nsgda
from minmax_jax.optimizers.optimistic_adam import optimistic_adam
from minmax_jax.optimizers.optimistic_gda import optimistic_gda
from minmax_jax.optimizers.past_extragradient import past_extragradient
from minmax_jax.optimizers.sgda import sgda
from minmax_jax.optimizers.symplectic import symplectic

_FACTORIES: tuple[Callable[..., Any], ...] = (
    sgda,
    nsgda,
    ada_nsgda,
    ada_dir,
    adam_gda,
    amsgrad_gda,
    optimistic_gda,
    optimistic_adam,
    extragradient,
    extra_adam,
    extra_amsgrad,
    past_extragradient,
    extra_anchored_gradient,
    lookahead_minmax,
    consensus,
    symplectic,
    competitive,
    adaptive_competitive,
    greedy_adam,
)

BY_NAME: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {factory.__name__: factory for factory in _FACTORIES} | {"greedy": greedy_adam}
)
"""Each under its own name; and `greedy`, a transformation of two, in the form for GANs."""
