"""Documents: frozen data with one canonical spelling, and what every spec is made of."""
