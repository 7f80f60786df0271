"""What the papers claim, measured: one folder a paper, one command an experiment."""
