"""evaluate: one model judged on one split with fixed seeds."""
