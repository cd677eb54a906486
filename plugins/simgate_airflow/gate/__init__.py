"""Gate: the question to a release manager, and what is done with the answer."""
