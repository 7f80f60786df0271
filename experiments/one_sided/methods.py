"""Compared methods, as functions of `Players` of learning rates."""

import optax

import minmax_jax as mm
from experiments._shared.figures import highlight

B1 = 0.5
"""Adam's b1, with its usual value for GANs."""

METHODS = {
    "sgda": mm.sgda,
    "extragradient": mm.extragradient,
    "ada_nsgda": lambda rates: mm.ada_nsgda(rates, b1=B1),
    "adam_gda": lambda rates: mm.adam_gda(rates, b1=B1),
    "amsgrad_gda": lambda rates: mm.amsgrad_gda(rates, b1=B1),
    "extra_adam": lambda rates: mm.extra_adam(rates, b1=B1),
    "extra_amsgrad": lambda rates: mm.extra_amsgrad(rates, b1=B1),
    "rmsprop": lambda rates: mm.sgda(rates, transform=optax.scale_by_rms(decay=0.9)),
    "adagrad": lambda rates: mm.sgda(rates, transform=optax.scale_by_rss()),
}
ADAM_TYPE = ("adam_gda", "amsgrad_gda", "extra_adam", "extra_amsgrad", "rmsprop", "adagrad")
COLORS = highlight(METHODS, ("sgda", "extragradient", "ada_nsgda", "adam_gda", "amsgrad_gda"))
