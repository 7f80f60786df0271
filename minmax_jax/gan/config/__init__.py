"""Configuration of a run: groups of fields with their checks, and presets.

config            `Config`, which contains the groups
data … run        one group per file: fields with limits and help texts
fields            the limits, and the base class of the groups
preset_registry   presets by name
presets           configurations from presets
preset_text       the text of `minmax-jax presets`
"""
