"""Estimators with scikit-learn's verbs."""
