"""Training runs with snapshots, shared by `norms` and `mvi`."""
