"""What a run is: `RunSpec`, TOML in and out, overrides, validation with all errors at once."""
