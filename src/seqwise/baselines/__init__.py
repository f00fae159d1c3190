"""Simple learners that a model has to beat."""
