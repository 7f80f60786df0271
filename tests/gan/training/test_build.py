import jax
import numpy as np
import pytest

from minmax_jax.gan import networks
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import presets
from minmax_jax.gan.training import build
from tests.devices import first_devices


@pytest.mark.parametrize(
    ("processes", "devices", "message"),
    [
        (1, 99, "devices must be at most 8, .* XLA_FLAGS=.*_count=99.$"),
        (2, 99, "devices must be 8, .* got 99. Set devices to 8, or to 0 for all.$"),
        (2, 4, "devices must be 8, .* got 4. Set devices to 8, or to 0 for all.$"),
    ],
)
def test_wrong_number_of_devices_raises(processes, devices, message, monkeypatch):
    first_devices(8)
    monkeypatch.setattr(jax, "process_count", lambda: processes)
    with pytest.raises(ConfigError, match=message):
        build.pick_devices(presets.preset("digits", devices=devices))


def test_networks_are_built_in_one_program_with_the_same_values():
    config = presets.preset("digits", width=4, latent_dim=2)
    programs = []
    listen = lambda event, *_, **__: programs.append(event)  # noqa: E731
    jax.monitoring.register_event_duration_secs_listener(listen)
    pair = build.build_pair(config, (4, 4, 1))
    jax.monitoring.unregister_event_duration_listener(listen)
    assert sum("backend_compile" in event for event in programs) <= 1
    single = networks.build("mlp", (4, 4, 1), latent_dim=2, width=4, seed=config.run.seed)
    for one, other in zip(pair[:2], single[:2], strict=True):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6),
            (one.params, one.stats),
            (other.params, other.stats),
        )


def test_networks_of_the_user_are_built_as_they_are(monkeypatch):
    def build_own(sample_shape, *, latent_dim, width, rngs, axis_name):
        found.append(float(jax.random.uniform(rngs.params())))  # It needs a concrete value.
        return networks.NETWORKS["mlp"](
            sample_shape, latent_dim=latent_dim, width=width, rngs=rngs, axis_name=axis_name
        )

    found = []
    build_own.__module__ = None  # as for functions of code that runs without a name
    monkeypatch.setitem(networks.NETWORKS._registered, "own", build_own)
    build.build_pair(presets.preset("digits", width=4).replace(network="own"), (4, 4, 1))
    assert len(found) == 1
