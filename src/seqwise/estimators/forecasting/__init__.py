"""Forecasting a series: `Forecaster`."""
