"""Plans: the runs that are needed, for whom and why, as keys and RunRecords. Reads the store, runs nothing."""
