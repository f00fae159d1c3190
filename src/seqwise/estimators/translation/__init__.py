"""Translating texts: `Translator`."""
