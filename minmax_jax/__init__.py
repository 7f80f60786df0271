"""Min-max optimization as composable Optax transformations."""
