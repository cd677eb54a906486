"""What would run, for whom, and why: keys and RunRecords. Reads the store, runs nothing."""
