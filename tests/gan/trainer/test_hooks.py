"""Hooks of a run, with writers that only record their calls."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax import parallel
from minmax_jax.gan.base.errors import Terminated, WriteFailed
from minmax_jax.gan.config import presets
from minmax_jax.gan.multihost.termination import Termination
from minmax_jax.gan.trainer import hooks
from minmax_jax.gan.training import loop
from minmax_jax.gan.training.program import Program

CONFIG = presets.preset(
    "digits", steps=8, log_every=2, checkpoint_every=4, evaluate_every=4, sample_every=3
)
STATE = parallel.replicate({"w": jnp.ones(2)}, jax.local_devices()[:1])


class Calls:
    """Stands for manager, log, check and evaluator, and records their calls in order."""

    def __init__(self):
        self.names = []

    def save(self, step, state):
        self.names.append(f"save {step}")

    def wait(self, *, block=True):
        self.names += ["wait"] if block else []

    def flush(self):
        self.names.append("flush")

    def wait_until_finite(self, step, state, quantities):
        self.names.append("check")

    def evaluate(self, step, state):
        self.names.append(f"evaluate {step}")

    def draw(self, state):
        self.names.append(f"draw {state['w'].shape}")

    def add(self, step, state):
        self.names.append(f"picture {step} {state['w'].shape}")

    @contextlib.contextmanager
    def paused(self, step):
        self.names.append("pause")
        yield
        self.names.append("continue")


def test_log_is_flushed_and_values_checked_before_a_checkpoint():
    calls = Calls()
    hooks.CheckpointHook(4, calls, calls, calls)(4, STATE, {})
    assert calls.names == ["flush", "check", "save 4"]


@pytest.mark.parametrize("due", [False, True])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("SIGTERM", Terminated), ("SIGHUP", Terminated), ("Ctrl-C", KeyboardInterrupt)],
)
def test_signal_saves_once_and_ends_the_run(name, kind, due):
    calls, termination = Calls(), Termination()
    save = hooks.CheckpointHook(4, calls, calls, calls)
    terminate = hooks.TerminationHook(termination, calls, save, calls.draw)
    terminate(3, STATE, {})
    assert calls.names == [] and terminate.next_step(3) is None
    termination.requested, termination.name = True, name
    if due:
        save(4, STATE, {})
    with pytest.raises(kind, match=f"{name}: saved at step 4; run the same command again"):
        terminate(4, STATE, {})
    assert calls.names == ["flush", "check", "save 4", "wait", "draw (2,)"]


def test_lock_is_checked_before_other_hooks_write():
    def refuse():
        raise WriteFailed("lost")

    lock, calls = hooks.LockHook(refuse), Calls()
    assert lock.next_step(3) is None

    program = Program(lambda state, until: (until, {}), lambda state: {}, 1)
    save = hooks.CheckpointHook(1, calls, calls, calls)
    with pytest.raises(WriteFailed):
        loop.run(program, np.int32(0), (), [lock, save], start=0, end=4)
    assert calls.names == []


def test_evaluation_stops_the_clock_and_skips_the_last_step():
    calls = Calls()
    hook = hooks.EvaluationHook(CONFIG, calls, calls, calls)
    hook(4, STATE, {})
    hook(8, STATE, {})
    assert calls.names == ["check", "pause", "evaluate 4", "continue"]


def test_samples_stop_the_clock_and_include_the_last_step():
    calls = Calls()
    hook = hooks.SampleHook(4, calls, calls, calls)
    hook(8, STATE, {})
    assert hook.next_step(5) == 8
    assert calls.names == ["check", "pause", "picture 8 (2,)", "continue"]


def test_call_ends_match_the_hooks_of_the_coordinator():
    calls = Calls()
    coordinator = [
        hooks.LogHook(2, calls),
        hooks.EvaluationHook(CONFIG, calls, calls, calls),
        hooks.SampleHook(3, calls, calls, calls),
        hooks.CheckpointHook(4, calls, calls, calls),
    ]
    plain = hooks.call_ends(CONFIG)
    assert {(hook.every, hook.measure) for hook in plain} == {
        (hook.every, hook.measure) for hook in coordinator
    }
