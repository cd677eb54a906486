"""simgate: a scene change becomes a released robot model, and every step can be proven."""
