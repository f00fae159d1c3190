"""What the axes mean."""

from seqwise.axes import format_shape, name_axes
from seqwise.shapes.findings import Finding
from seqwise.shapes.report import Report
from seqwise.shapes.story import Part, ShapeStory

__all__ = ["Finding", "Part", "Report", "ShapeStory", "format_shape", "name_axes"]
