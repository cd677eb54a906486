"""Runtime: the contract of a stage, from job to manifest. Neutral: it runs the work and does none."""
