"""Mends that only write the same thing another way: exactly the same values are valid afterwards, wherever the schema stands."""

from __future__ import annotations

import json
from typing import Any, Final

from streamnorm.arguments.strict.mends import Mend, Mender, null_type, rewrite
from streamnorm.arguments.strict.merging import merged
from streamnorm.arguments.strict.sense import ANNOTATIONS, ARRAY_WORDS, OBJECT_WORDS, exclusive
from streamnorm.arguments.strict.walk import IN_PLACE, Document, Place, copied

__all__ = [
    "default_to_description",
    "drop_idle",
    "inline_root",
    "integer_bound",
    "merge_all_of",
    "name_additional",
    "one_to_any",
    "order_properties",
    "single_enum",
    "split_types",
    "type_array",
    "wrap_reference",
]

#: Characters of a default that the description takes in; a longer one stays where it is.
MAX_DEFAULT: Final = 200


def merge_all_of(document: Document, place: Place) -> Mend | None:
    """The branches of `allOf` and the schema around it as one schema."""
    if document.pinned(f"{place.pointer}/allOf"):
        return None
    contents = merged(place.keywords) if "allOf" in place.keywords else None
    if contents is None:
        return None
    dissolved = place.keywords["allOf"]
    return rewrite(place, "the branches of allOf merged", contents, dissolved=dissolved)


def one_to_any(document: Document, place: Place) -> Mend | None:
    """`anyOf` for `oneOf`, where no value is valid under two of its branches."""
    keywords = place.keywords
    branches = keywords["oneOf"]
    if "anyOf" in keywords or document.pinned(f"{place.pointer}/oneOf"):
        return None
    if not exclusive(document, branches):
        return None
    contents = {("anyOf" if key == "oneOf" else key): keywords[key] for key in keywords}
    return rewrite(place, "anyOf for oneOf: its branches exclude each other", contents)


def default_to_description(_document: Document, place: Place) -> Mend | None:
    """The default is told in the description."""
    keywords = place.keywords
    text = _written(keywords["default"])
    if text is None:
        return None
    said = keywords.get("description", "").rstrip()
    ended = said if not said or said.endswith((".", "!", "?")) else f"{said}."
    contents = {key: value for key, value in keywords.items() if key != "default"}
    contents["description"] = f"{ended} Default: {text}.".lstrip()
    return rewrite(place, "the default is told in the description", contents)


def _written(value: Any) -> str | None:
    """A short value as JSON; None for a long one."""
    waiting, left = [value], MAX_DEFAULT
    while waiting:
        inner = waiting.pop()
        left -= len(inner) if isinstance(inner, str) else 1
        if left < 0 or (isinstance(inner, int) and inner.bit_length() > MAX_DEFAULT):
            return None
        if isinstance(inner, dict):
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return text if len(text) <= MAX_DEFAULT else None


def wrap_reference(_document: Document, place: Place) -> Mend | None:
    """The `$ref` alone in an `anyOf`, so that what is told about it may stand beside that."""
    keywords = place.keywords
    if not keywords.keys() - {"$ref"} <= ANNOTATIONS:
        return None
    contents = {key: value for key, value in keywords.items() if key != "$ref"}
    contents["anyOf"] = [{"$ref": keywords["$ref"]}]
    return rewrite(place, "the $ref stands alone in an anyOf", contents)


def inline_root(document: Document, place: Place) -> Mend | None:
    """What the root's `$ref` leads to, at the root."""
    keywords = place.keywords
    beside = {key: value for key, value in keywords.items() if key != "$ref"}
    if (
        place.parent is not None
        or document.opaque
        or not beside.keys() <= ANNOTATIONS | _ROOT_WORDS
    ):
        return None
    target = document.references.get("")
    found = document.by_pointer[target].keywords if target else {}
    if not found or {"$ref", "$defs", "definitions", "$id"} & found.keys():
        return None
    inlined = {**copied(found), **beside}
    return rewrite(place, f"the root is what its $ref led to, {target}", inlined)


#: Keywords with a value that asks for nothing. `$comment` is for whoever edits the schema.
_IDLE: Final[dict[str, tuple[Any, ...]]] = {
    "minLength": (0,),
    "minItems": (0,),
    "minProperties": (0,),
    "uniqueItems": (False,),
    "patternProperties": ({},),
    "dependentRequired": ({},),
    "dependentSchemas": ({},),
    "dependencies": ({},),
}
#: Keywords at the root that say nothing about the value.
_ROOT_WORDS: Final = frozenset({"$defs", "$schema", "definitions"})
#: Keywords that read differently in the drafts that `$schema` may name.
_DRAFTED: Final = frozenset({"additionalItems", "dependencies", "id", "$id"})


def drop_idle(*words: str) -> Mender:
    """Leave out those of `words` that ask for nothing where they stand."""

    def mender(document: Document, place: Place) -> Mend | None:
        keywords = place.keywords
        idle = [word for word in words if word in keywords and _idle(document, keywords, word)]
        if not idle:
            return None
        contents = {key: value for key, value in keywords.items() if key not in idle}
        return rewrite(place, f"without {', '.join(idle)}, which asked for nothing", contents)

    return mender


def _idle(document: Document, keywords: dict[str, Any], word: str) -> bool:
    value = keywords[word]
    if word == "$comment":
        return True
    if word == "$schema":
        return isinstance(value, str) and not any(map(_reads_by_draft, document.schemas))
    if word == "minProperties" and _is_count(value):
        return bool(value <= len(set(keywords.get("required", []))))
    if word == "maxProperties" and _is_count(value):
        closed = keywords.get("additionalProperties") is False
        named = len(keywords.get("properties", {}))
        return closed and "patternProperties" not in keywords and bool(value >= named)
    if word == "unevaluatedProperties":
        return "additionalProperties" in keywords
    return any(value == idle and type(value) is type(idle) for idle in _IDLE.get(word, ()))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _reads_by_draft(place: Place) -> bool:
    keywords = place.keywords
    if "$schema" in keywords and place.parent is None:
        known = ("draft-06", "draft-07", "2019-09", "2020-12")
        if not any(draft in keywords["$schema"] for draft in known):
            return True
    beside = keywords.keys() - {"$ref"}
    beside_reference = "$ref" in keywords and not beside <= ANNOTATIONS | _ROOT_WORDS
    return (
        beside_reference
        or not _DRAFTED.isdisjoint(keywords)
        or isinstance(keywords.get("items"), list)
    )


def name_additional(_document: Document, place: Place) -> Mend | None:
    """`additionalProperties` for `unevaluatedProperties`, where nothing else evaluates any."""
    keywords = place.keywords
    if "additionalProperties" in keywords:
        return drop_idle("unevaluatedProperties")(_document, place)
    if not IN_PLACE.isdisjoint(keywords):
        return None
    contents = {key: value for key, value in keywords.items() if key != "unevaluatedProperties"}
    contents["additionalProperties"] = keywords["unevaluatedProperties"]
    return rewrite(place, "additionalProperties for unevaluatedProperties", contents)


def single_enum(_document: Document, place: Place) -> Mend | None:
    """An `enum` of one value for a `const`."""
    keywords = place.keywords
    if "enum" in keywords or isinstance(keywords["const"], dict | list):
        return None
    contents = {key: value for key, value in keywords.items() if key != "const"}
    contents["enum"] = [keywords["const"]]
    return rewrite(place, "an enum of one value for const", contents)


def integer_bound(word: str, instead: str, step: int) -> Mender:
    """The bound that an integer may reach, for one that it may not."""

    def mender(_document: Document, place: Place) -> Mend | None:
        keywords = place.keywords
        if keywords.get("type") != "integer" or instead in keywords:
            return None
        if not _is_count(keywords[word]):
            return None
        contents = {key: value for key, value in keywords.items() if key != word}
        contents[instead] = keywords[word] + step
        return rewrite(place, f"{instead} {contents[instead]} for {word}", contents)

    return mender


def type_array(_document: Document, place: Place) -> Mend | None:
    """`type: [..., "null"]` for OpenAPI's `nullable`: the same values for whoever reads that word, which JSON Schema does not."""
    keywords = place.keywords
    if keywords["nullable"] is True:
        if "type" not in keywords or not IN_PLACE.isdisjoint(keywords):
            return None
        contents = null_type({k: v for k, v in keywords.items() if k != "nullable"})
        return rewrite(place, "type with null, as nullable says", contents)
    contents = {key: value for key, value in keywords.items() if key != "nullable"}
    return rewrite(place, "without nullable, which asked for nothing", contents)


#: The keywords that speak of one type only.
_OF_TYPE: Final = {
    "object": OBJECT_WORDS,
    "array": ARRAY_WORDS,
    "string": frozenset({"format", "maxLength", "minLength", "pattern"}),
    "number": frozenset(
        {"exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"}
    ),
}


def split_types(document: Document, place: Place) -> Mend | None:
    """A branch of `anyOf` for each type, with the keywords that speak of it."""
    keywords = place.keywords
    if not IN_PLACE.isdisjoint(keywords) or document.pinned(place.pointer):
        return None
    told = {key: value for key, value in keywords.items() if key in ANNOTATIONS}
    rest = keywords.keys() - ANNOTATIONS - {"type"}
    if not rest <= frozenset().union(*_OF_TYPE.values()):
        return None
    named = list(dict.fromkeys(keywords["type"]))
    branches = [_branch(keywords, name) for name in named]
    return rewrite(place, "anyOf of types for the array of types", {**told, "anyOf": branches})


def _branch(keywords: dict[str, Any], name: str) -> dict[str, Any]:
    words = _OF_TYPE.get("number" if name == "integer" else name, frozenset())
    return {"type": name, **{key: value for key, value in keywords.items() if key in words}}


def order_properties(_document: Document, place: Place) -> Mend | None:
    """`propertyOrdering`: the order in which the properties are written."""
    names = list(place.keywords["properties"])
    contents = {**place.keywords, "propertyOrdering": names}
    return rewrite(place, "propertyOrdering: the order in which they are written", contents)
