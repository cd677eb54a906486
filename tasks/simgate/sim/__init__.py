"""Simulation: a small simulator protocol, its adapters, scenarios, the expert, and rollouts."""
