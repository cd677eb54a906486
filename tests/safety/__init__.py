"""Tests of the safety monitor: a table, properties, coverage, mutants."""
