"""Eight CPU devices for every test, no network, fixed examples, no dtypes promoted by accident."""

import os
import tempfile

# Thousands of small programs that run once: LLVM need not optimise them (XLA's own passes stay),
# and one thread is enough for their products. That is 30 % of the tests' time.
_FLAGS = (
    "--xla_force_host_platform_device_count=8",
    "--xla_backend_optimization_level=0",
    "--xla_llvm_disable_expensive_passes=true",
    "--xla_cpu_multi_thread_eigen=false",
)
_given = os.environ.get("XLA_FLAGS", "").split()
os.environ["XLA_FLAGS"] = " ".join([*_given, *(flag for flag in _FLAGS if flag not in _given)])

# A name that is no folder is asked for on the hub, which retries for minutes without a network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# Tests build the same small networks again and again, in many processes: each program is compiled
# once and kept until the tests end, out of the user's cache.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _programs = tempfile.TemporaryDirectory(prefix="minmax-jax-programs-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _programs.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"

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
