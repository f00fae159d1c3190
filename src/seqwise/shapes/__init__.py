"""What the axes mean."""

from seqwise.axes import format_shape, name_axes
from seqwise.shapes.findings import Finding
from seqwise.shapes.report import Report

__all__ = ["Finding", "Report", "format_shape", "name_axes"]
