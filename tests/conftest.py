"""Configuration of all tests: eight CPU devices, no network, fixed examples."""

import functools
import gc
import importlib.util
import os
import signal
import tempfile
from importlib import metadata
from pathlib import Path

# On a machine with a GPU, the tests run on it: see `CONTRIBUTING.md`.
_ON_GPU = os.environ.get("JAX_PLATFORMS", "") != "cpu" and any(
    Path(file).exists() for file in ("/dev/nvidiactl", "/dev/kfd")
)

_FLAGS = ["--xla_force_host_platform_device_count=8"]
if _ON_GPU:
    # Tests that resume a run compare it with the uninterrupted one bit for bit.
    _FLAGS.append("--xla_gpu_deterministic_ops=true")
    # The processes that tests start need memory of the same GPU.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
else:
    # The tests compile thousands of small programs and run each once, so they need fast
    # compilation more than fast programs. Without LLVM's optimizations, with one LLVM module per
    # program and with one thread for matrix products, most tests take half the time. XLA's own
    # passes still run.
    _FLAGS += [
        "--xla_backend_optimization_level=0",
        "--xla_llvm_disable_expensive_passes=true",
        "--xla_cpu_multi_thread_eigen=false",
        "--xla_cpu_parallel_codegen_split_count=1",
    ]
    _plugins = ("jax_cuda12_plugin", "jax_cuda13_plugin")  # See `tests/gpu_ahead`.
    if metadata.version("jaxlib").startswith(("0.10.", "0.11.")) and not any(
        map(importlib.util.find_spec, _plugins)
    ):
        # The kernels of fusions go through MLIR there, which takes three quarters of the
        # compilation. Version 0.12 and JAX's CUDA plugin do not know this flag, and XLA aborts at
        # an unknown flag.
        _FLAGS.append("--xla_cpu_use_fusion_emitters=false")
_given = os.environ.get("XLA_FLAGS", "").split()
_names = {flag.partition("=")[0] for flag in _given}
_FLAGS = [flag for flag in _FLAGS if flag.partition("=")[0] not in _names]
os.environ["XLA_FLAGS"] = " ".join([*_given, *_FLAGS])

# `nohup` and background jobs of shells start the tests with ignored signals, which the processes
# that tests start would inherit.
for _signal, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_signal) is signal.SIG_IGN:
        signal.signal(_signal, _handler)

# Otherwise JAX attaches the Python call stack to every operation that it lowers.
os.environ.setdefault("JAX_TRACEBACK_IN_LOCATIONS_LIMIT", "0")

# Without this, loading a dataset by name retries for minutes if there is no network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# Many test processes build the same small networks. A shared compilation cache, separate from
# the user's cache, compiles each program once.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _programs = tempfile.TemporaryDirectory(prefix="minmax-jax-programs-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _programs.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"

import jax  # noqa: E402  The flags must be set first.
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

from tests.devices import GPU_TESTS  # noqa: E402

# Tracing creates so many objects that collecting as often as by default takes a tenth of the time
# of the tests.
gc.set_threshold(200_000, 10, 20)

settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("fixed")


MAX_MAPS = 20_000
"""Memory maps of a test process above which its compiled programs are released. Each program on
CPU needs about ten, and Linux ends a process that exceeds 65,530 with a segmentation fault."""


@pytest.fixture(scope="module", autouse=True)
def few_memory_maps():
    """Releases compiled programs between test files when there are many."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > MAX_MAPS:
        jax.clear_caches()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Marks the tests that are worth running on a GPU, before tests are selected by marks."""

    @functools.cache  # Comparing paths for each of ten thousand tests would take seconds.
    def is_for_gpu(path):
        return any(path.is_relative_to(place) for place in GPU_TESTS)

    for item in items:
        if is_for_gpu(item.path):
            item.add_marker("gpu")


@pytest.fixture
def strict_promotion():
    """Makes implicit dtype promotion an error. Optax's Adam (`b1**count`) does not support it."""
    with jax.numpy_dtype_promotion("strict"):
        yield


@pytest.fixture
def full_precision():
    """Computes all products in full precision, where a test compares two forms of a network."""
    with jax.default_matmul_precision("highest"):
        yield
