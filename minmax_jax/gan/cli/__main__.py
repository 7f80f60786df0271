"""Runs the command line with `python -m minmax_jax.gan.cli`."""

import sys

from minmax_jax.gan.cli.main import main

sys.exit(main())
