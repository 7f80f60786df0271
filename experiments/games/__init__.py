"""Every method on every small game: trajectories, spectra, and a performance profile."""
