"""The command `neurocortex`: one module for each subcommand."""
