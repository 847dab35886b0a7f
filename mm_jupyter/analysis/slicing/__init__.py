"""A target -> the executions of its session that make it."""

from mm_jupyter.analysis.slicing.cutting import slice_executions

__all__ = ["slice_executions"]
