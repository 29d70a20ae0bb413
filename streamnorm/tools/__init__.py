"""The tools that a model is offered: from dicts of any dialect, pydantic models and Python functions, to the dicts that a request
takes, and to a verdict on the arguments that come back."""

from streamnorm.tools.functions import function_tool
from streamnorm.tools.models import pydantic_function_tool
from streamnorm.tools.tool import Tool
from streamnorm.tools.toolset import ToolSet

__all__ = ["Tool", "ToolSet", "function_tool", "pydantic_function_tool"]
