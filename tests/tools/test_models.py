"""Tools from pydantic models: the OpenAI SDK's own, dict for dict."""

from __future__ import annotations

import enum
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from streamnorm.errors import ToolError
from streamnorm.tools import ToolSet, pydantic_function_tool


class Unit(enum.Enum):
    """What degrees are counted in."""

    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


class Place(BaseModel):
    """A place on the map."""

    lat: float
    lon: float = Field(ge=-180, le=180, description="degrees east")


class GetWeather(BaseModel):
    """Tell the weather."""

    city: str = Field(description="the city's name")
    days: int = 3
    unit: Unit | None = None


class Bare(BaseModel):
    pass


class Undocumented(BaseModel):
    x: int


class Nested(BaseModel):
    place: Place
    other: Place = Field(description="somewhere else")
    unit: Unit = Field(Unit.CELSIUS, description="of the answer")
    route: list[Place]
    grid: list[list[Place]] = []
    names: dict[str, int] = {}
    pair: tuple[int, str]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int | None


class Dog(BaseModel):
    kind: Literal["dog"]
    owner: Place | None = None


class Unions(BaseModel):
    pet: Cat | Dog
    tagged: Annotated[Cat | Dog, Field(discriminator="kind")]
    number: int | str | None = None
    day: date | None = Field(None, description="when")


class Tree(BaseModel):
    value: int
    children: list[Tree] = []
    parent: Tree | None = None


class Open(BaseModel):
    model_config = ConfigDict(extra="allow", title="Another title")
    a: int = Field(alias="A", default=1)
    b: Literal["x", "y"] = "x"


class Extended(Nested):
    """With more."""

    own: Annotated[int, Field(gt=0)]
    late: Place = Field(default_factory=lambda: Place(lat=0, lon=0), description="later")


MODELS = [GetWeather, Bare, Undocumented, Nested, Unions, Tree, Open, Extended, Place]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize(
    "options", [{}, {"name": "other"}, {"description": "Another."}, {"name": "", "description": ""}]
)
def test_the_tool_of_a_model_is_the_openai_sdks(model: Any, options: dict[str, str]) -> None:
    openai = pytest.importorskip("openai")
    assert pydantic_function_tool(model, **options) == openai.pydantic_function_tool(
        model, **options
    )


def test_a_model_in_a_set_is_strict_and_judges() -> None:
    tools = ToolSet([GetWeather, Nested, Unions, Tree])
    assert tools.names == ("GetWeather", "Nested", "Unions", "Tree")
    assert tools["GetWeather"].strict
    assert tools["GetWeather"].description == "Tell the weather."
    assert tools.openai()[0] == pydantic_function_tool(GetWeather)
    assert tools.validate("GetWeather", '{"city": "Oslo", "days": 1, "unit": null}').ok
    missing = tools.validate("GetWeather", '{"city": "Oslo"}')
    assert {str(problem)[:8] for problem in missing.errors} == {"`/days` ", "`/unit` "}
    assert tools.validate(
        "Tree",
        '{"value": 1, "children": [{"value": 2, "children": [], "parent": null}], "parent": null}',
    ).ok


@pytest.mark.parametrize("thing", [int, 3, "GetWeather", GetWeather(city="x")])
def test_what_is_no_model_is_refused(thing: Any) -> None:
    with pytest.raises(ToolError, match="no pydantic model"):
        pydantic_function_tool(thing, name="x")


def test_a_model_without_a_json_schema_is_refused() -> None:
    class Odd(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        thing: object = Field(default_factory=object)
        call: type[Any] | complex | Any = None
        lock: type(iter([]))  # type: ignore[valid-type]

    with pytest.raises(ToolError, match="'Odd' has no JSON Schema"):
        pydantic_function_tool(Odd)
