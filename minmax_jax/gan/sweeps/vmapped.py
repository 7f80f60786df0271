"""Trains several runs of a sweep at once, in one vmapped program.

Each run's results agree up to rounding with `trainer.train`, because both use the same step
function. Metrics and checkpoints go to the folder of each run. An interrupted program
resumes from the newest step at which every run has a checkpoint.
"""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp

import minmax_jax as mm
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import networks, objective
from minmax_jax.gan.base.errors import ConfigError, WriteFailed
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.multihost.termination import Termination
from minmax_jax.gan.run import checkpoint, files, lock, ownership, run_folder
from minmax_jax.gan.run.metrics_log import NAMES
from minmax_jax.gan.sweeps.grid import SweepRun
from minmax_jax.gan.trainer import initialize, pictures
from minmax_jax.gan.trainer.hooks import LockHook
from minmax_jax.gan.training import build, loop, program, schedules
from minmax_jax.gan.training import step as step_lib

MAX_RUNS = 64
"""Largest number of runs in one program."""

SMALL = 500_000
"""Number of parameters of both networks up to which vmapping over runs is faster."""

_QUIET_SECONDS = 10.0


def should_vmap(run: SweepRun, data: data_lib.Data, platform: str = "") -> bool:
    """Returns whether vmapping over runs is expected to be faster.

    That is the case for small networks, except convolutional ones on CPU.

    Args:
      run: One of the runs.
      data: Dataset.
      platform: Platform of JAX on which they will train. Default: the one of this process.
    """
    pair = _build_pair(run, data)
    leaves = jax.tree.leaves((pair.generator.params, pair.discriminator.params))
    convolutional = any(leaf.ndim >= 4 for leaf in leaves)
    on_cpu = (platform or jax.default_backend()) == "cpu"
    return sum(leaf.size for leaf in leaves) <= SMALL and not (convolutional and on_cpu)


def lock_runs(runs: Sequence[SweepRun]) -> AbstractContextManager[lock.Check]:
    """Returns a context manager that locks the folders of runs for this process.

    Raises:
      ConfigError: If another process has locked a folder, or there is something else at the place
        of a file.
    """
    for run in runs:
        ownership.check(run.folder)
        files.make_folder(run.folder)
    return lock.hold(*(run.folder for run in runs))


def train(
    runs: Sequence[SweepRun],
    data: data_lib.Data,
    note: Note,
    check_lock: lock.Check,
    at_step: Callable[[int], None] = lambda step: None,
) -> list[step_lib.TrainState]:
    """Trains runs that differ only in learning rates and seed, or resumes them from their folders.

    Under `on_nonfinite="stop"`, a run with a non-finite update keeps the state before it while
    the others continue. See `diverged_at`.

    Args:
      runs: Runs with the same optimizer and configuration.
      data: Dataset.
      note: Called with messages for the user.
      check_lock: Function from `lock_runs`, called before files are written.
      at_step: Called with the step after each call of the program.

    Returns:
      The final states, as NumPy arrays.

    Raises:
      ConfigError: If a run folder contains another run.
      KeyboardInterrupt: After Ctrl-C; all states are saved.
      Terminated: After another signal of `Termination`; all states are saved.
      WriteFailed: If another process has taken a lock over.
    """
    config = runs[0].config
    games = [_build_game(run, data) for run in runs]
    states = [
        step_lib.init(game, _build_optimizer(run.config, game))
        for run, game in zip(runs, games, strict=True)
    ]
    for index, run in enumerate(runs):
        states[index], origin = initialize.start_from(run.config, run.folder, states[index], note)
        ownership.delete_leftovers(run.folder)
        run_folder.open_run(run.folder, run.config, data, origin)
    step, states = _restore(runs, states, note)
    compiled = _compile(games[0], config)
    images = jnp.asarray(data.images)
    if config.conditioning.num_classes(data):
        images = data_lib.Examples(images, jnp.asarray(data.labels))
    inputs = (images, *_seeds_and_learning_rates(runs))
    state = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    if step < config.training.steps:
        note(f"compiling the program of {len(runs)} runs; this can take a minute")
    with Termination() as termination:
        hooks = [
            LockHook(check_lock),
            _LogHook(runs),
            save := _CheckpointHook(runs),
            _TerminationHook(termination, save, functools.partial(_draw_early, runs, data, note)),
            _ProgressHook(runs, note, at_step),
        ]
        state = loop.run(compiled, state, inputs, hooks, start=step, end=config.training.steps)
    if termination.requested:  # The signal came after the last call had ended.
        raise termination.error("all runs are trained; run the same command again to finish them")
    return _unstack(state, len(runs))


def diverged_at(state: step_lib.TrainState) -> int | None:
    """Returns the number of the update at which a run stopped, or None if it did not stop."""
    last = int(max(state.nonfinite.last))
    return last if last > int(state.step) else None


class _LogHook(loop.Hook):
    """Appends the metrics of every run to its log."""

    def __init__(self, runs: Sequence[SweepRun]) -> None:
        super().__init__(runs[0].config.run.log_every, measure=True)
        self._runs = runs
        self._scheduled = [schedules.logged_fn(run.config) for run in runs]

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        values = jax.device_get({n: value for n, value in quantities.items() if n in NAMES})
        steps = jax.device_get(state.step)
        for index, run in enumerate(self._runs):
            if steps[index] == step:  # A run that has stopped has no later metrics.
                record = {name: float(values[name][index]) for name in NAMES if name in values}
                record = {"step": step, **record, **self._scheduled[index](step)}
                run_folder.append_metrics(run.folder, record)


class _CheckpointHook(loop.Hook):
    """Saves the checkpoints of every run."""

    def __init__(self, runs: Sequence[SweepRun]) -> None:
        super().__init__(runs[0].config.run.checkpoint_every)
        self._runs, self._saved = runs, -1

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        if step != self._saved:
            _save(self._runs, state)
            self._saved = step


class _TerminationHook(loop.Hook):
    """Saves and ends the runs after a signal."""

    def __init__(
        self, termination: Termination, save: _CheckpointHook, draw: Callable[[Any], None]
    ) -> None:
        super().__init__()
        self._termination, self._save, self._draw = termination, save, draw

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        if self._termination.requested:
            self._save(step, state, quantities)
            self._draw(state)
            raise self._termination.error(
                f"saved at step {step}; run the same command again to resume the sweep"
            )


def _draw_early(runs: Sequence[SweepRun], data: data_lib.Data, note: Note, state: Any) -> None:
    """Draws the samples and curves of runs that end early; their states are saved already."""
    note(f"drawing samples.png and curves.png of {len(runs)} runs; a second signal skips them")
    first = pictures.Pictures(runs[0].config, runs[0].folder, data)
    try:
        for run, own in zip(runs, _unstack(state, len(runs)), strict=True):
            first.of_run(run.config, run.folder).draw_early(own)
    except (ConfigError, WriteFailed) as error:
        note(f"they are not drawn: {error}")


class _ProgressHook(loop.Hook):
    """Reports the step: every 10 s as a message, and after each call to a function."""

    def __init__(
        self, runs: Sequence[SweepRun], note: Note, at_step: Callable[[int], None]
    ) -> None:
        super().__init__()
        self._runs, self._note, self._at_step = runs, note, at_step
        self._reported_at = time.monotonic()

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        self._at_step(step)
        if time.monotonic() - self._reported_at > _QUIET_SECONDS:
            self._reported_at, config = time.monotonic(), self._runs[0].config
            name, steps = config.optimizer.name, config.training.steps
            self._note(f"{name}: {len(self._runs)} runs at step {step}/{steps}")


def _compile(game: objective.Game, config: Config) -> program.Program:
    """Returns the program of runs with different learning rates and seeds."""

    def optimizer_fn(rates: Any) -> Any:
        chosen = config.replace(learning_rate_min=rates.min, learning_rate_max=rates.max)
        return _build_optimizer(chosen, game)

    return program.compile_tunable_program(game, optimizer_fn, config, vmap=True)


def _seeds_and_learning_rates(runs: Sequence[SweepRun]) -> tuple[jax.Array, mm.Players]:
    chosen = [run.config.optimizer for run in runs]
    rates = mm.Players(
        min=jnp.array([optimizer.learning_rate_min for optimizer in chosen], jnp.float32),
        max=jnp.array([optimizer.learning_rate_max for optimizer in chosen], jnp.float32),
    )
    return jnp.array([run.config.run.seed for run in runs], jnp.uint32), rates


def _build_game(run: SweepRun, data: data_lib.Data) -> objective.Game:
    """Builds the game of a run for one device, without a mapped axis."""
    game, _ = build.build_game(run.config, data, 1)
    return game._replace(pair=_build_pair(run, data), axis_name=None)


def _build_pair(run: SweepRun, data: data_lib.Data) -> networks.Pair:
    num_classes = run.config.conditioning.num_classes(data)
    return build.build_pair(run.config, data.images.shape[1:], num_classes=num_classes)


def _build_optimizer(config: Config, game: objective.Game) -> Any:
    pair = game.pair
    players = mm.Players(min=pair.generator.params, max=pair.discriminator.params)
    unroll = build.unrolls_steps(config, game)
    return build.build_optimizer(config, players, unroll=unroll)


def _restore(runs: Sequence[SweepRun], states: list[Any], note: Note) -> tuple[int, list[Any]]:
    """Restores the newest step at which every run has a valid checkpoint, or step 0.

    A run that has stopped has its last state at every later step. Newer checkpoints and records
    are deleted. Returns the step, and the states of all runs.

    Raises:
      CheckpointError: If there are common steps, but no valid checkpoints of them. Nothing is
        deleted then.
    """
    stores = [_checkpoints(run, note) for run in runs]
    stopped = [_stopped(state, run) for state, run in zip(states, runs, strict=True)]
    going = [set(s.steps()) for s, state in zip(stores, stopped, strict=True) if state is None]
    common = set.intersection(*going) if going else {max(int(s.step) for s in stopped)}
    step, restored = 0, None
    for step in sorted(common, reverse=True):
        try:
            restored = [_state_at(step, *of) for of in zip(states, stopped, stores, strict=True)]
        except checkpoint.CheckpointError as error:
            note(f"{error}")
            continue
        note(f"resuming {len(runs)} runs at step {step}")
        break
    if common and restored is None:
        raise checkpoint.CheckpointError(
            f"the {len(runs)} runs beside {runs[0].folder} have no valid checkpoints of one step. "
            "Delete their checkpoints to start over."
        )
    states = restored or states
    for run, store, state in zip(runs, stores, stopped, strict=True):
        last = step if state is None else int(state.step)
        store.delete_except([known for known in store.steps() if known <= last])
        run_folder.discard_metrics_after(run.folder, last)
    return step, states


def _stopped(state: step_lib.TrainState, run: SweepRun) -> Any:
    """Returns the newest state of a run if it had stopped, otherwise None."""
    store = _checkpoints(run, ignore_note)
    try:
        newest = store.restore(store.steps()[-1]) if store.steps() else None
        found = newest and checkpoint.fill(state, newest[1])
    except checkpoint.CheckpointError:
        return None
    return found if found and diverged_at(found) is not None else None


def _state_at(
    step: int, state: step_lib.TrainState, stopped: Any, store: checkpoint.Checkpoints
) -> Any:
    """Returns the state of a run at a step."""
    found = None if stopped is not None else store.restore(step)
    return checkpoint.fill(state, found[1]) if found else stopped


def _save(runs: Sequence[SweepRun], state: Any) -> None:
    """Saves every run, and only then deletes older checkpoints, so that a common step remains.

    The state of a run that has stopped is the checkpoint of the step at which it stopped.
    """
    stores = [_checkpoints(run, ignore_note) for run in runs]
    for store, own in zip(stores, _unstack(state, len(runs)), strict=True):
        store.save(int(own.step), own)
    for run, store in zip(runs, stores, strict=True):
        store.delete_except(store.steps()[-run.config.run.keep :])


def _checkpoints(run: SweepRun, note: Note) -> checkpoint.Checkpoints:
    return checkpoint.Checkpoints(run.folder / "checkpoints", note)


def _unstack(state: Any, count: int) -> list[Any]:
    host = jax.device_get(state)
    return [jax.tree.map(lambda leaf, i=i: leaf[i], host) for i in range(count)]
