"""The run folder: configuration, logs, checkpoints and progress."""
