"""What a model does with data: one traced graph of it, what is wrong with it, and how it is explained."""

from seqwise.inspection.check.finding import Finding
from seqwise.inspection.check.report import Report
from seqwise.inspection.explain.explanation import Explanation

__all__ = ["Explanation", "Finding", "Report"]
