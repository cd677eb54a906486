"""Storage: the artifact store, journals in it, who may write what. Neutral: it moves bytes and makes none."""
