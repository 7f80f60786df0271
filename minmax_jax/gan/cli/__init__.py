"""The `minmax-jax` command line."""
