"""TensorFlow.js layers models, written and read without TensorFlow."""
