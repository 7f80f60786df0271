"""The training loop, with a program that only counts."""

import numpy as np
import pytest

from minmax_jax.gan.training import pace as pace_lib
from minmax_jax.gan.training.loop import Hook, Inputs, next_call_end, run
from minmax_jax.gan.training.pace import Pace
from minmax_jax.gan.training.program import Program


class Counted:
    """A program whose state is the step, and which records its calls."""

    def __init__(self, steps_per_call):
        self.calls, self.measured = [], []
        self.program = Program(self.advance, self.measure, steps_per_call)

    def advance(self, state, inputs, until):
        self.calls.append((int(state), int(until)))
        return until, {"norm": until}

    def measure(self, state, inputs):
        self.measured.append(int(state))
        return {"loss": state, "norm": -1}


class Recorder(Hook):
    """A hook that records when it is called, and with what."""

    def __init__(self, every=0, log=None, name="", **kwargs):
        super().__init__(every, **kwargs)
        self.steps, self.started, self.log, self.name = [], [], log, name

    def start(self, step):
        self.started.append(step)

    def __call__(self, step, state, quantities):
        assert step == state
        self.steps.append((step, sorted(quantities)))
        if self.log is not None:
            self.log.append((step, self.name))


def test_hooks_are_called_at_their_steps_and_the_last_one():
    counted, three, five, each = Counted(4), Recorder(3), Recorder(5), Recorder()
    final = run(counted.program, np.int32(0), ("inputs",), [three, five, each], start=0, end=13)
    assert final == 13
    assert [step for step, _ in three.steps] == [3, 6, 9, 12, 13]
    assert [step for step, _ in five.steps] == [5, 10, 13]
    assert [step for step, _ in each.steps] == [3, 4, 5, 6, 8, 9, 10, 12, 13]
    assert counted.calls[:3] == [(0, 3), (3, 4), (4, 5)] and counted.calls[-1] == (12, 13)


def test_hooks_are_called_in_order():
    log = []
    hooks = [Recorder(2, log, "first"), Recorder(0, log, "second"), Recorder(4, log, "third")]
    run(Counted(2).program, np.int32(2), ("inputs",), hooks, start=2, end=4)
    assert log == [(4, "first"), (4, "second"), (4, "third")]


def test_quantities_contain_measurements_where_a_hook_needs_them():
    counted, measuring, other = Counted(50), Recorder(4, measure=True), Recorder(2)
    run(counted.program, np.int32(0), ("inputs",), [measuring, other], start=0, end=4)
    assert measuring.steps == [(4, ["loss", "norm"])]
    assert other.steps == [(2, ["norm"]), (4, ["loss", "norm"])]
    assert counted.measured == [2, 4]  # at 2 to compile it before the clock starts


def test_program_is_not_measured_if_no_hook_needs_it():
    counted = Counted(50)
    run(counted.program, np.int32(0), ("inputs",), [Recorder(2)], start=0, end=4)
    assert counted.measured == []


def test_hooks_start_once_after_the_first_call():
    hook = Recorder(10)
    run(Counted(3).program, np.int32(6), ("inputs",), [hook], start=6, end=20)
    assert hook.started == [9]


def test_plain_hooks_end_calls_where_writing_hooks_do():
    """Processes that do not write run the same calls as the one that does."""
    calls = []
    for hooks in ([Recorder(3), Recorder(7), Recorder()], [Hook(3), Hook(7)]):
        counted = Counted(5)
        run(counted.program, np.int32(0), ("inputs",), hooks, start=0, end=23)
        calls.append(counted.calls)
    assert calls[0] == calls[1]


def test_error_of_a_hook_ends_the_run():
    class Stop(Hook):
        def __call__(self, step, state, quantities):
            raise KeyboardInterrupt

    counted = Counted(5)
    with pytest.raises(KeyboardInterrupt):
        run(counted.program, np.int32(0), ("inputs",), [Stop(10)], start=0, end=20)
    assert counted.calls == [(0, 5), (5, 10)]


def test_next_call_end_is_never_beyond_the_end():
    assert next_call_end(10, 12, 50, [Hook(), Hook(100)]) == 12


class Devices:
    """A clock, and results that take 10 ms per step on devices that work in order."""

    def __init__(self, monkeypatch, seconds_per_step=0.01):
        self.now, self.end, self.seconds_per_step = 0.0, 0.0, seconds_per_step
        self.waited = []
        monkeypatch.setattr(pace_lib.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(pace_lib.jax, "block_until_ready", self.wait)

    def call(self, steps):
        self.end = max(self.end, self.now) + steps * self.seconds_per_step
        return self.end

    def wait(self, end):
        self.now = max(self.now, end)
        self.waited.append(end)


def run_calls(pace, devices, count):
    sizes = []
    for _ in range(count):
        sizes.append(pace.steps)
        pace.started(pace.steps, devices.now, devices.call(pace.steps))
    return sizes


def test_pace_grows_to_the_steps_that_fit_into_the_time(monkeypatch):
    sizes = run_calls(Pace(50, 0.2), Devices(monkeypatch), 30)
    assert sizes[0] == 1 and max(sizes) <= 20 and min(sizes[-10:]) >= 19
    fast = run_calls(Pace(50, 0.2), Devices(monkeypatch, 1e-4), 300)
    assert fast[-1] == 50


def test_pace_makes_one_slow_step_per_call(monkeypatch):
    assert run_calls(Pace(50, 0.2), Devices(monkeypatch, 30.0), 5) == [1] * 5


def test_paced_calls_have_whole_blocks(monkeypatch):
    assert run_calls(Pace(50, 0.5, block=10), Devices(monkeypatch, 1.0), 8) == [10] * 8
    sizes = run_calls(Pace(50, 0.5, block=10), Devices(monkeypatch, 0.014), 30)
    assert sizes[0] == 10 and sizes[-1] == 30  # 35 steps would take half a second.


def test_pace_keeps_the_host_close_to_the_devices(monkeypatch):
    for seconds, most in ((None, 50), (0.2, 50)):
        devices = Devices(monkeypatch)
        pace = Pace(most, seconds)
        for _ in range(40):
            pace.started(pace.steps, devices.now, devices.call(pace.steps))
            assert devices.end - devices.now <= 0.5 + 0.2  # One call, and the time of others.


def test_pace_without_time_has_a_constant_number_of_steps(monkeypatch):
    pace = Pace(7)
    assert run_calls(pace, Devices(monkeypatch), 20) == [7] * 20 and pace.aligned


def test_paced_calls_end_at_the_steps_of_hooks():
    counted, three = Counted(50), Recorder(30)
    program = counted.program._replace(seconds_per_call=10.0)
    run(program, np.int32(0), ("inputs",), [three], start=0, end=100)
    assert [step for step, _ in three.steps] == [30, 60, 90, 100]
    assert counted.calls[0] == (0, 1) and len(counted.calls) < 20


@pytest.mark.parametrize("in_blocks", [True, False])
def test_paced_calls_on_streamed_data_begin_with_one_step(in_blocks):
    counted, inputs = Counted(50), Inputs("inputs")
    inputs.in_blocks = in_blocks
    program = counted.program._replace(seconds_per_call=10.0, block=10)
    run(program, np.int32(0), inputs, [], start=0, end=100)
    assert counted.calls[0] == (0, 10 if in_blocks else 1)


def test_unaligned_call_has_all_its_steps():
    assert next_call_end(13, 100, 14, [], aligned=False) == 27
    assert next_call_end(13, 100, 14, [], aligned=True) == 14
