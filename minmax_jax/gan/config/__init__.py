"""Configuration of a run: groups of fields with their checks, and presets.

config            `Config`, which contains the groups
fields            the limits, and the base class of the groups
preset_registry   definition of each preset
presets           creates a `Config` from a preset
preset_text       the text of `minmax-jax presets`

The other files, data, evaluation, networks, objective, optimizer, run and training, contain one
group of fields each, with limits and help texts.
"""
