import logging

import jax
import pytest

from minmax_jax.gan.cli import xla_messages


@pytest.fixture
def updates(monkeypatch):
    """Returns the settings of JAX that the code changes, without changing them."""
    changed = {}
    monkeypatch.setattr(jax.config, "update", changed.__setitem__)
    monkeypatch.delenv("JAX_LOGGING_LEVEL", raising=False)
    return changed


def test_messages_of_xla_are_hidden_and_warnings_of_jax_stay(updates, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")  # JAX's own default
    xla_messages.hide()
    assert updates == {"jax_logging_level": "CRITICAL"}
    assert logging.getLogger("jax").isEnabledFor(logging.WARNING)


@pytest.mark.parametrize(
    ("name", "value"), [("TF_CPP_MIN_LOG_LEVEL", "0"), ("JAX_LOGGING_LEVEL", "DEBUG")]
)
def test_variables_of_the_user_decide(updates, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    xla_messages.hide()
    assert updates == {}
