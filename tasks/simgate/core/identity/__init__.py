"""Identity: keys, code and lock digests, environments, signatures. Neutral: it names results and makes none."""
