"""What the axes mean."""

from seqwise.shapes.axes import format_shape
from seqwise.shapes.story import Part, ShapeStory

__all__ = ["Part", "ShapeStory", "format_shape"]
