"""Training steps of the benchmark's networks, compiled for an H100."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

import minmax_jax as mm
from minmax_jax.gan import networks
from tests.gpu_ahead import counting
from tests.gpu_ahead.compiling import compile_for_h100

NETWORKS = {
    "mlp": ("mlp", (28, 28, 1), 256, 64),
    "dcgan16": ("dcgan", (28, 28, 1), 16, 64),
    "dcgan64": ("dcgan", (32, 32, 3), 64, 64),
    "resnet128": ("resnet", (32, 32, 3), 128, 128),
}
"""Name of the network, shape of an image, width and latent dimension."""

BATCH = 64
ADAM: Any = {"b1": 0.5, "b2": 0.999}


def count_step(
    name: str, order: str = "simultaneous", dtype: str = "float32", *, loop: bool = False
) -> counting.Counts:
    """Compiles one step of both players, and counts what it launches.

    Args:
      name: Key of `NETWORKS`.
      order: "simultaneous" for Adam on the non-saturating loss, otherwise the name of an
        optimizer, which plays the zero-sum game.
      dtype: Dtype of products.
      loop: Whether the step runs in a loop over steps.
    """
    network, shape, width, latent_dim = NETWORKS[name]
    pair = networks.build(
        network, shape, latent_dim=latent_dim, width=width, seed=0, compute_dtype=dtype
    )
    players = mm.Players(pair.generator.params, pair.discriminator.params)
    optimizer = _optimizer(order)
    batch = jnp.zeros((BATCH, *shape)), jnp.zeros((BATCH, latent_dim))

    def step(players: Any, state: Any, batch: Any) -> Any:
        field_fn = _field_fn(pair, batch, order)
        updates, state = optimizer.update(field_fn(players), state, players, field_fn=field_fn)
        return optax.apply_updates(players, updates), state

    def steps(players: Any, state: Any, batch: Any, number: Any) -> Any:
        return lax.fori_loop(0, number, lambda _, kept: step(*kept, batch), (players, state))

    with networks.tracing_for("gpu"):
        state = jax.eval_shape(optimizer.init, players)
        arguments = players, state, batch, *([jnp.int32(50)] if loop else [])
        program = compile_for_h100(steps if loop else step, *arguments, donate_argnums=(0, 1))
    return counting.count(program.as_text(), loop=loop)


def _optimizer(order: str) -> Any:
    if order != "simultaneous":
        return mm.optimizers[order](1e-4)
    adam = optax.adam(1e-4, **ADAM)
    return mm.per_player(min=adam, max=adam)


def _field_fn(pair: networks.Pair, batch: Any, order: str) -> Callable[..., Any]:
    softplus, (images, latents) = jax.nn.softplus, batch
    one_pass = order != "competitive"  # It evaluates derivatives of one player at a time.

    def logits(players: mm.Players, frozen_parts: int = 0) -> tuple[jax.Array, ...]:
        fake, _ = pair.generator.apply(players.min, pair.generator.stats, latents, train=True)
        return networks.apply_in_order(
            pair.discriminator,
            players.max,
            pair.discriminator.stats,
            (images, fake),
            one_pass=one_pass,
            frozen_parts=frozen_parts,
        ).outputs

    def max_loss(players: mm.Players) -> jax.Array:
        real, fake = logits(players)
        return softplus(-real).mean() + softplus(fake).mean()

    if order != "simultaneous":
        return mm.zero_sum(lambda players: -max_loss(players))
    return mm.general_sum(lambda players: softplus(-logits(players, 1)[1]).mean(), max_loss)
