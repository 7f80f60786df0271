"""Eight CPU devices for every test, no network, fixed examples, no dtypes promoted by accident."""

import os

_FLAG = "--xla_force_host_platform_device_count=8"
if _FLAG not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_FLAG}".strip()

# A name that is no folder is asked for on the hub, which retries for minutes without a network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import jax  # noqa: E402  the flag has to come first
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("fixed")


@pytest.fixture
def strict_promotion():
    """Mixing dtypes is an error in our own code; Optax's Adam (`b1**count`) cannot run so."""
    with jax.numpy_dtype_promotion("strict"):
        yield
