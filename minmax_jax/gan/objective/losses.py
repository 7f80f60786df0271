"""GAN losses as functions of the discriminator's logits.

With r the logits of real and s the logits of fake examples, and σ the sigmoid:

| name           | the discriminator minimizes        | the generator minimizes |
| saturating     | −E log σ(r) − E log(1 − σ(s))      | E log(1 − σ(s))         |
| non-saturating | −E log σ(r) − E log(1 − σ(s))      | −E log σ(s)             |
| hinge          | E max(0, 1 − r) + E max(0, 1 + s)  | −E s                    |
| wasserstein    | E s − E r                          | −E s                    |
| least-squares  | ½ E (r − 1)² + ½ E s²              | ½ E (s − 1)²            |
| relativistic   | −E log σ(r − s)                    | −E log σ(s − r)         |

The relativistic loss pairs the i-th real with the i-th fake example of a batch. The other
losses are means over each batch separately. So the loss of a batch is the mean over its parts.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import log_sigmoid, relu

from minmax_jax.gan.base.registry import Registry


class Loss(NamedTuple):
    """The losses of both players of a GAN.

    Attributes:
      min_loss: Loss of the generator: `min_loss(real, fake) -> scalar`, from logits `(batch,)`.
      max_loss: Loss of the discriminator, to *minimize*: `max_loss(real, fake) -> scalar`.
      zero_sum: Whether both gradients are gradients of one payoff, `-max_loss`.
    """

    min_loss: Callable[[jax.Array, jax.Array], jax.Array]
    max_loss: Callable[[jax.Array, jax.Array], jax.Array]
    zero_sum: bool


def cross_entropy(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Computes `−E log σ(r) − E log(1 − σ(s))` without overflow."""
    return -jnp.mean(log_sigmoid(real)) - jnp.mean(log_sigmoid(-fake))


def hinge(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Computes `E max(0, 1 − r) + E max(0, 1 + s)`."""
    return jnp.mean(relu(1.0 - real)) + jnp.mean(relu(1.0 + fake))


LOSSES: Registry[Loss] = Registry(
    "loss",
    {
        "saturating": Loss(
            lambda real, fake: jnp.mean(log_sigmoid(-fake)), cross_entropy, zero_sum=True
        ),
        "non-saturating": Loss(
            lambda real, fake: -jnp.mean(log_sigmoid(fake)), cross_entropy, zero_sum=False
        ),
        "hinge": Loss(lambda real, fake: -jnp.mean(fake), hinge, zero_sum=False),
        "wasserstein": Loss(
            lambda real, fake: -jnp.mean(fake),
            lambda real, fake: jnp.mean(fake) - jnp.mean(real),
            zero_sum=True,
        ),
        "least-squares": Loss(
            lambda real, fake: 0.5 * jnp.mean(jnp.square(fake - 1.0)),
            lambda real, fake: 0.5 * (jnp.mean(jnp.square(real - 1.0)) + jnp.mean(fake**2)),
            zero_sum=False,
        ),
        "relativistic": Loss(
            lambda real, fake: -jnp.mean(log_sigmoid(fake - real)),
            lambda real, fake: -jnp.mean(log_sigmoid(real - fake)),
            zero_sum=False,
        ),
    },
)
"""Maps the name of a loss to the losses of both players.

References: Goodfellow et al., 2014; Miyato et al., 2018; Arjovsky et al., 2017; Mao et al., 2017;
Jolicoeur-Martineau, 2018.
"""


def min_loss_uses_real(loss: Loss, shape: tuple[int, ...]) -> bool:
    """Returns whether the generator's loss depends on the logits of real examples."""
    logits = jax.ShapeDtypeStruct(shape, jnp.float32)
    jaxpr = jax.make_jaxpr(loss.min_loss)(logits, logits).jaxpr
    return any(jaxpr.invars[0] is used for equation in jaxpr.eqns for used in equation.invars)
