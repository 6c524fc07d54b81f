"""The subcommands of `amparo`, one file for each group."""
