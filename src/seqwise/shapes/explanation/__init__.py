"""The parts of `seqwise.explain`: walking through a model, and telling what was found."""
