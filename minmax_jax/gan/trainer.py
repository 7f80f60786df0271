"""Training from a configuration to a run folder: start or resume, loop, measure, report."""

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from minmax_jax import parallel
from minmax_jax.gan import (
    build,
    checkpoint,
    evaluation,
    finish,
    keeper,
    metrics_log,
    report,
    rundir,
    tensorboard,
)
from minmax_jax.gan import config as config_lib
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import program as program_lib
from minmax_jax.gan import step as step_lib


def train(
    config: config_lib.Config,
    *,
    progress: report.Progress | None = None,
    use_tensorboard: bool = False,
) -> finish.Run:
    """Trains a GAN, or resumes the run that `config.out` holds.

    A run that was killed repeats the uninterrupted one bit for bit on the same machine:
    each step depends on the checkpoint and (seed, step) alone, and the number of steps
    in one call does not change the compiled program. On GPUs that holds with
    `XLA_FLAGS=--xla_gpu_deterministic_ops=true`; otherwise to rounding.

    Args:
      config: what to train; `presets.preset(name, **fields)` makes one.
      progress: where the progress line goes, standard error by default.
      use_tensorboard: whether the lines go to event files in the folder `tensorboard` too.

    Returns:
      The finished run.

    The first SIGTERM saves the state after the compiled call under way, a second one ends the
    process at once; both only where this is called from the main thread.

    Raises:
      ConfigError: a value cannot be used, or the folder holds another run.
      DataError: the data cannot be read.
      Stopped: the run ended before its last step; see `errors` for the reasons.
    """
    config = config_lib.check(config)
    if use_tensorboard:
        tensorboard.check()
    devices = build.pick_devices(config)
    data = data_lib.load(config.data, config.label_column)
    folder = out_folder(config)
    game, optimizer = build.build_game(config, data, len(devices))
    rundir.check_run(folder, config, data)
    progress = progress or report.Progress(config.steps)
    with rundir.full_disk(folder):
        try:
            state = _restore(folder, step_lib.init(game, optimizer), progress)
            rundir.open_run(folder, config, data)  # only now: nothing is left that can refuse
            _rewind(folder, int(state.step), progress)
            program = program_lib.compile_program(game, optimizer, config, devices)
            examiner = evaluation.Examiner(config, folder, data, progress.note)
            with tensorboard.following(folder, use_tensorboard) as follow:
                state = _loop(config, folder, program, state, data, progress, follow, examiner)
                progress.close()
                return finish.finish(config, folder, data, state, progress.note, examiner)
        finally:
            progress.close()


def out_folder(config: config_lib.Config) -> Path:
    """Returns the run folder: `out`, or one named after preset, optimizer and seed."""
    default = Path("runs") / f"{config.preset}-{config.optimizer}-s{config.seed}"
    return Path(config.out) if config.out else default


def _restore(
    folder: Path, state: step_lib.TrainState, progress: report.Progress
) -> step_lib.TrainState:
    """Returns the newest sound checkpoint, or `state` if there is none; writes nothing."""
    found = checkpoint.Checkpoints(folder / "checkpoints", progress.note).restore()
    if found is None:
        return state
    state = checkpoint.fill(state, found[1])
    progress.note(f"resuming {folder} at step {found[0]}")
    return state


def _rewind(folder: Path, step: int, progress: report.Progress) -> None:
    """Drops what was written after `step`, which will be written again."""
    checkpoint.Checkpoints(folder / "checkpoints", progress.note).drop_after(step)
    rundir.rewind_metrics(folder, step)


def _loop(
    config: config_lib.Config,
    folder: Path,
    program: program_lib.Program,
    start: step_lib.TrainState,
    data: data_lib.Data,
    progress: report.Progress,
    follow: Callable[[], None],
    examiner: evaluation.Examiner,
) -> step_lib.TrainState:
    """Runs the remaining steps and returns the final state, on the host."""
    done = int(start.step)
    if done >= config.steps:
        return start
    images = parallel.replicate(data.images, program.devices)
    state = parallel.replicate(start, program.devices)
    seed = np.uint32(config.seed)
    log = metrics_log.MetricsLog(folder, progress)
    with keeper.Keeper(config, folder, start, progress.note) as keep:
        while done < config.steps:
            done = next_stop(done, config, program.steps_per_call)
            state, norms = program.advance(state, images, seed, np.int32(done))
            if not log.running:  # everything is compiled once it has been called
                jax.block_until_ready((norms, program.measure(state, images, seed)))
                log.begin(done)
            if done == config.steps or done % config.log_every == 0:
                measured = {**program.measure(state, images, seed), **norms}
                log.add(done, measured)
                follow()
                keep.look(done, state, measured)
            if config.evaluate_every and done < config.steps and done % config.evaluate_every == 0:
                with log.paused(done):  # before the checkpoint, which may be kept for its score
                    examiner.examine(done, parallel.unreplicate(state))
            if keep.due(done):
                log.flush()  # a run resumed there must find every line before it
                keep.save(done, state, norms)
    keep.note_best()
    return jax.tree.map(np.asarray, parallel.unreplicate(state))


def next_stop(done: int, config: config_lib.Config, steps_per_call: int) -> int:
    """Returns the step at which the next compiled call ends.

    The next multiple of `steps_per_call`, or sooner where a line, an evaluation or a checkpoint
    is due: the compiled loop takes its end as an argument, so that the program is the same.
    """
    stops = [steps_per_call, config.log_every, config.checkpoint_every]
    stops += [config.evaluate_every] if config.evaluate_every else []
    return min(config.steps, *((done // every + 1) * every for every in stops))
