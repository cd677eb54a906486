"""The safety monitor: standard library only, imports nothing of simgate."""
