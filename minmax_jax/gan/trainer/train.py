"""Training from a configuration to a run folder: start or resume, loop, measure, report."""

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from minmax_jax import parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.evaluation import evaluate
from minmax_jax.gan.multihost import process_group as hosts_lib
from minmax_jax.gan.run import (
    checkpoint,
    metrics_log,
    report,
    run_folder,
    tensorboard,
)
from minmax_jax.gan.trainer import finish, follower, keeper
from minmax_jax.gan.training import build
from minmax_jax.gan.training import program as program_lib
from minmax_jax.gan.training import step as step_lib


def train(
    config: config_lib.Config,
    *,
    launch: hosts_lib.Launch | None = None,
    progress: report.Progress | None = None,
    use_tensorboard: bool = False,
) -> finish.Run:
    """Trains a GAN, or resumes the run that `config.run.out` holds.

    A run that was killed repeats the uninterrupted one bit for bit on the same machine:
    each step depends on the checkpoint and (seed, step) alone, and the number of steps
    in one call does not change the compiled program. On GPUs that holds with
    `XLA_FLAGS=--xla_gpu_deterministic_ops=true`; otherwise to rounding.

    Args:
      config: what to train; `presets.preset(name, **fields)` makes one.
      launch: the processes that train the run together, of which each calls this; only the
        first one writes, and the others return a run without metrics. By default this one
        trains alone.
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
    config = config.check()
    if use_tensorboard:
        tensorboard.check()
    with hosts_lib.join(launch or hosts_lib.Launch()) as hosts:
        devices = build.pick_devices(config)
        data = _load(config, hosts, len(devices))
        game, optimizer = build.build_game(config, data, len(devices))
        program = program_lib.compile_program(game, optimizer, config, devices)
        start = step_lib.init(game, optimizer)
        if hosts.writes:
            progress = progress or report.Progress(config.training.steps)
            return _lead(config, hosts, program, start, data, progress, use_tensorboard)
        start = _shared(start, hosts)
        keep, log = follower.Keeper(hosts.termination), follower.Log()
        state = _loop(config, program, start, data, keep, log)
        return finish.Run(out_folder(config), config, state, [], {})


def _lead(
    config: config_lib.Config,
    hosts: hosts_lib.Hosts,
    program: program_lib.Program,
    start: step_lib.TrainState,
    data: data_lib.Data,
    progress: report.Progress,
    use_tensorboard: bool,
) -> finish.Run:
    """Trains in the process that writes, and finishes the run there."""
    folder = out_folder(config)
    run_folder.check_run(folder, config, data)
    with run_folder.full_disk(folder):
        try:
            start = _restore(folder, start, progress)
            run_folder.open_run(folder, config, data)  # only now: nothing is left that can refuse
            _rewind(folder, int(start.step), progress)
            start = _shared(start, hosts)
            examiner = None
            if config.evaluation.every:
                whole = _whole(config, data)
                examiner = evaluate.Examiner(config, folder, whole, progress.note)
            with tensorboard.following(folder, use_tensorboard) as follow:
                keep = keeper.Keeper(config, folder, start, progress.note, hosts.termination)
                log = metrics_log.MetricsLog(folder, progress)
                state = _loop(config, program, start, data, keep, log, follow, examiner)
                keep.note_best()
                progress.close()
                hosts.leave()
                whole = _whole(config, data)
                return finish.finish(config, folder, whole, state, progress.note, examiner)
        finally:
            progress.close()


def _load(config: config_lib.Config, hosts: hosts_lib.Hosts, num_devices: int) -> data_lib.Data:
    """Returns the data, or among several processes the part that is this one's to read."""
    if hosts.count == 1:
        return data_lib.load(config.data.source, config.data.label_column)
    take = data_lib.shard_of_process(hosts.index, hosts.count, num_devices // hosts.count)
    data = data_lib.load(config.data.source, config.data.label_column, take)
    return data._replace(totals=data_lib.Totals(data.count, hosts.checksum(data.images)))


def _whole(config: config_lib.Config, data: data_lib.Data) -> data_lib.Data:
    """Returns all of the data, to judge samples by, where this process has read a part."""
    return data_lib.load(config.data.source, config.data.label_column) if data.totals else data


def _shared(state: step_lib.TrainState, hosts: hosts_lib.Hosts) -> step_lib.TrainState:
    """Returns the first process's state in every one."""
    if hosts.count == 1:
        return state
    return checkpoint.fill(state, hosts.share(checkpoint.flatten(state)))


def out_folder(config: config_lib.Config) -> Path:
    """Returns the run folder: `out`, or one named after preset, optimizer and seed."""
    default = Path("runs") / f"{config.run.preset}-{config.optimizer.name}-s{config.run.seed}"
    return Path(config.run.out) if config.run.out else default


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
    run_folder.rewind_metrics(folder, step)


def _loop(
    config: config_lib.Config,
    program: program_lib.Program,
    start: step_lib.TrainState,
    data: data_lib.Data,
    keep: keeper.Keeper | follower.Keeper,
    log: metrics_log.MetricsLog | follower.Log,
    follow: Callable[[], None] = lambda: None,
    examiner: evaluate.Examiner | None = None,
) -> step_lib.TrainState:
    """Runs the remaining steps and returns the final state, on the host."""
    done = int(start.step)
    if done >= config.training.steps:
        return start
    images = data_lib.put_on_devices(data, program.devices)
    state = parallel.replicate(start, program.devices)
    seed = np.uint32(config.run.seed)
    with keep:
        while done < config.training.steps:
            done = next_stop(done, config, program.steps_per_call)
            state, norms = program.advance(state, images, seed, np.int32(done))
            if not log.running:  # everything is compiled once it has been called
                jax.block_until_ready((norms, program.measure(state, images, seed)))
                log.begin(done)
            if done == config.training.steps or done % config.run.log_every == 0:
                measured = {**program.measure(state, images, seed), **norms}
                log.add(done, measured)
                follow()
                keep.look(done, state, measured)
            if examiner and done < config.training.steps and done % config.evaluation.every == 0:
                keep.confirm(done, state, norms)
                with log.paused(done):  # before the checkpoint, which may be kept for its score
                    examiner.examine(done, parallel.unreplicate(state))
            if keep.due(done):
                log.flush()  # a run resumed there must find every line before it
                keep.save(done, state, norms)
    return jax.tree.map(np.asarray, parallel.unreplicate(state))


def next_stop(done: int, config: config_lib.Config, steps_per_call: int) -> int:
    """Returns the step at which the next compiled call ends.

    The next multiple of `steps_per_call`, or sooner where a line, an evaluation or a checkpoint
    is due: the compiled loop takes its end as an argument, so that the program is the same.
    """
    stops = [steps_per_call, config.run.log_every, config.run.checkpoint_every]
    stops += [config.evaluation.every] if config.evaluation.every else []
    return min(config.training.steps, *((done // every + 1) * every for every in stops))
