"""Tools from Python functions: what the signature and the docstring say."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict  # typing's own will not do before Python 3.12

from streamnorm.errors import ToolError
from streamnorm.tools import ToolSet, function_tool
from streamnorm.tools.docstrings import read_docstring


class Unit(enum.Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


class Place(BaseModel):
    lat: float
    lon: float


class Options(TypedDict, total=False):
    loud: bool


def google(city: str, days: int = 3, unit: Unit | None = None) -> str:
    """Tell the weather of a city.

    As the forecast has it:
    it may be wrong.

    Args:
        city (str): The name of the city,
            in its own language.
        days: How many days.
        unit (Unit | None): Degrees of which kind.

    Returns:
        str: The weather in words.

    Raises:
        city: is no parameter here.
    """
    return f"{city}{days}{unit}"


def numpy(city: str, days: int = 3, unit: Unit | None = None) -> str:
    """Tell the weather of a city.

    As the forecast has it:
    it may be wrong.

    Parameters
    ----------
    city : str
        The name of the city,
        in its own language.
    days : int, optional
        How many days.
    unit
        Degrees of which kind.

    Returns
    -------
    str
        The weather in words.
    """
    return f"{city}{days}{unit}"


def rest(city: str, days: int = 3, unit: Unit | None = None) -> str:
    """Tell the weather of a city.

    As the forecast has it:
    it may be wrong.

    :param str city: The name of the city,
        in its own language.
    :param days: How many days.
    :type days: int
    :param unit: Degrees of which kind.
    :returns: The weather in words.
    """
    return f"{city}{days}{unit}"


@pytest.mark.parametrize("function", [google, numpy, rest])
def test_each_convention_of_docstrings_says_the_same(function: Callable[..., str]) -> None:
    tool = function_tool(function)
    assert tool.name == function.__name__
    assert tool.description == (
        "Tell the weather of a city.\n\nAs the forecast has it:\nit may be wrong."
    )
    assert tool.parameters == {
        "$defs": {"Unit": {"enum": ["celsius", "fahrenheit"], "title": "Unit", "type": "string"}},
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The name of the city, in its own language."},
            "days": {"type": "integer", "default": 3, "description": "How many days."},
            "unit": {
                "anyOf": [{"$ref": "#/$defs/Unit"}, {"type": "null"}],
                "default": None,
                "description": "Degrees of which kind.",
            },
        },
        "required": ["city"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("text", "summary", "parameters"),
    [
        ("", "", {}),
        ("One line.", "One line.", {}),
        ("Args:\n    a: b", "", {"a": "b"}),
        ("S.\n\nArgs:\n    a: b: c\n    *b: d\n", "S.", {"a": "b: c", "b": "d"}),
        ("S.\n\nParameters\n----------\na, b : int\n    Both.\n", "S.", {"a": "Both.", "b": "Both."}),
        ("S.\n\nNote: this is text.\n\nExample:\n    Args: no", "S.\n\nNote: this is text.", {}),
        ("S.\n\n:keyword a: one\n:raises ValueError: never", "S.", {"a": "one"}),
        ("S.\n\nArguments:\n  a (dict[str, int]): one\n\n  b: two", "S.", {"a": "one", "b": "two"}),
        ("S.\n\nReturns:\n    x: y\n\nArgs:\n    a: one", "S.", {"a": "one"}),
        ("S.\n\nKeyword Args:\n    a: one\nAfter.", "S.", {"a": "one"}),
        ("S.\n\nOther Parameters\n----------------\na\n    one\n\nNotes\n-----\nb\n    two", "S.", {"a": "one"}),
    ],
)  # fmt: skip
def test_docstrings_are_taken_apart(text: str, summary: str, parameters: dict[str, str]) -> None:
    assert read_docstring(text) == (summary, parameters)


def test_what_is_said_at_the_parameter_wins() -> None:
    def search(
        query: Annotated[str, "what to look for"],
        limit: Annotated[int, Field(ge=1, le=50, description="how many")] = 10,
        depth: int = Field(2, description="how deep", ge=0),
        kind: Annotated[Literal["web", "news"], Field(min_length=1)] = "web",
        rest: Annotated[int, "in words", Field(gt=0)] = 1,
    ) -> None:
        """Search.

        Args:
            query: not this
            limit: nor this
            depth: nor that
            kind: of pages
            rest: no
        """

    parameters = function_tool(search).parameters
    assert parameters is not None
    properties = parameters["properties"]
    assert properties["query"] == {"type": "string", "description": "what to look for"}
    assert properties["limit"] == {
        "type": "integer", "minimum": 1, "maximum": 50, "default": 10, "description": "how many"
    }  # fmt: skip
    assert properties["depth"] == {
        "type": "integer",
        "minimum": 0,
        "default": 2,
        "description": "how deep",
    }
    assert properties["kind"]["description"] == "of pages"
    assert properties["rest"] == {
        "type": "integer",
        "exclusiveMinimum": 0,
        "default": 1,
        "description": "in words",
    }
    assert parameters["required"] == ["query"]


def test_any_annotation_that_pydantic_reads_will_do() -> None:
    def everything(
        place: Place, options: Options, ids: list[int], table: dict[str, float], anything, *, _quiet: bool = False,
        model_config: str = "x", schema: str = "y",
    ) -> None:  # fmt: skip
        ...

    parameters = function_tool(everything).parameters  # type: ignore[arg-type]
    assert parameters is not None
    assert list(parameters["properties"]) == [
        *("place", "options", "ids", "table", "anything", "_quiet", "model_config", "schema")
    ]
    assert parameters["properties"]["place"] == {"$ref": "#/$defs/Place"}
    assert parameters["properties"]["anything"] == {}
    assert parameters["required"] == ["place", "options", "ids", "table", "anything"]


def test_a_default_that_is_no_json_is_left_out_and_still_optional() -> None:
    def wait(until: object = object(), unit: Unit = Unit.CELSIUS) -> None: ...

    parameters = function_tool(wait).parameters
    assert parameters is not None
    assert "required" not in parameters
    assert parameters["properties"]["unit"]["default"] == "celsius"


def test_methods_partials_wrappers_and_callable_objects_are_functions() -> None:
    class Weather:
        def tell(self, city: str) -> str:
            """Tell."""
            return city

        def __call__(self, day: int) -> int:
            return day

    @functools.wraps(google)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return google(*args, **kwargs)

    tools = ToolSet([Weather().tell, Weather(), wrapped])
    assert tools.names == ("tell", "Weather", "google")
    assert tools["tell"].parameters["properties"] == {"city": {"type": "string"}}  # type: ignore[index]
    assert tools["Weather"].parameters["required"] == ["day"]  # type: ignore[index]
    assert tools["google"].description.startswith("Tell the weather")  # type: ignore[union-attr]


def test_a_function_can_be_called_with_what_is_valid() -> None:
    tools = ToolSet([google, numpy])
    found = tools.validate("google", '{"city": "Oslo", "unit": "celsius"}')
    assert found.ok
    assert found.value is not None
    assert google(**found.value) == "Oslo3celsius"
    assert {problem.keyword for problem in tools.validate("google", '{"town": 1}').errors} == {
        "required",
        "additionalProperties",
    }


def test_name_and_description_can_be_given() -> None:
    tool = function_tool(google, name="get_weather", description="Weather.")
    assert (tool.name, tool.description) == ("get_weather", "Weather.")


def positional(a: int, /) -> None: ...
def many(*a: int) -> None: ...
def any_name(**a: int) -> None: ...
def unknown(a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def no_schema(a: Callable[[], int]) -> None: ...


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (positional, "parameter 'a' of function 'positional' is positional only"),
        (many, "parameter 'a' of function 'many' takes any number"),
        (any_name, "parameter 'a' of function 'any_name' takes any name"),
        (unknown, "signature of 'unknown' cannot be read"),
        (no_schema, "function 'no_schema' have no JSON Schema"),
        (lambda city: city, "providers refuse the tool name '<lambda>'"),
    ],
)
def test_a_function_that_no_object_can_call_is_refused(function: Any, words: str) -> None:
    with pytest.raises(ToolError, match=words):
        function_tool(function)
