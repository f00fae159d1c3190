"""Classes, numbers and tags of sequences: `Classifier`, `Regressor`, `Tagger`."""
