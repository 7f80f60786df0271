"""The configuration of a run: fields, checks, presets and their descriptions."""
