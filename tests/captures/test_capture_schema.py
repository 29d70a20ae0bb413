"""docs/capture.schema.json and docs/capture-format.md say what files are: those that are written, and the example."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from streamnorm.captures.format import Capture, CaptureWriter, Header, Request, Response
from streamnorm.captures.imports import import_file, write_capture

ROOT = Path(__file__).parents[2]
IMPORTS = ROOT / "fixtures" / "imports"
SCHEMA = json.loads((ROOT / "docs" / "capture.schema.json").read_bytes())
VALID = Draft202012Validator(SCHEMA)
EXAMPLE = re.search(
    r"```jsonl\n(.*?)```", (ROOT / "docs" / "capture-format.md").read_text("utf-8"), re.DOTALL
)


def lines_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def assert_valid(path: Path) -> None:
    """Each line is of the kind that its place asks for."""
    header, *pieces, end = lines_of(path)
    for kind, lines in (("header", [header]), ("piece", pieces), ("end", [end])):
        for line in lines:
            VALID.validate(line)
            VALID.evolve(schema={**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{kind}"}]}).validate(line)


names = st.from_regex(r"[a-z][a-z-]{0,12}", fullmatch=True)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
headers = st.dictionaries(names, words, max_size=3)
seconds = st.floats(0, 1e6)
trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    body: dict[str, Any] = draw(
        st.just({})
        | trees.map(lambda tree: {"json": tree})
        | words.map(lambda text: {"text": text})
        | st.just({"b64": "/w=="})
    )
    return Request(
        method=draw(st.sampled_from(("GET", "POST"))),
        path="/" + draw(words),
        origin=draw(st.sampled_from(("", "http://127.0.0.1:8000"))),
        headers=draw(headers),
        omitted="" if body else draw(words),
        **body,
    )


responses = st.none() | st.builds(
    Response, status=st.integers(100, 599), headers=headers, seconds=seconds, decoded=words
)
written_headers = st.builds(
    Header,
    request=requests(),
    response=responses,
    started=st.sampled_from(("", "2025-06-15T15:06:40Z", "2025-06-15T15:06:40.250Z")),
    tool=words,
    dialect=words,
    source=words,
    lost=st.lists(st.sampled_from(("times", "pieces", "headers", "request")), unique=True).map(
        tuple
    ),
)


@given(
    header=written_headers,
    pieces=st.lists(st.binary(max_size=20), max_size=5),
    last=seconds,
    how=st.sampled_from(("end", "cut", "error", "left")),
    error=words,
    masked=st.integers(0, 9),
)
def test_what_is_written_is_as_the_schema_says(
    header: Header, pieces: list[bytes], last: float, how: Any, error: str, masked: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "written.cap.jsonl"
        with CaptureWriter(path, header) as writer:
            for piece in pieces:
                writer.piece(last, piece)
            writer.end(how, seconds=last, error=error, masked=masked)
        assert_valid(path)
        assert Capture(path).header == header
        assert Capture(path).body() == b"".join(pieces)


@pytest.mark.parametrize("source", sorted(IMPORTS.iterdir()), ids=lambda path: path.name)
def test_what_is_imported_is_as_the_schema_says(source: Path, tmp_path: Path) -> None:
    for at, one in enumerate(import_file(source)):
        path = tmp_path / f"{at}.cap.jsonl"
        write_capture(one, path)
        assert_valid(path)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_knows_each_field_that_is_written() -> None:
    """And no other: a field that is added has to be described."""
    kinds = {"header": Header, "request": Request, "response": Response}
    for name, kind in kinds.items():
        fields = {field.encode_name for field in msgspec.structs.fields(kind)}
        assert SCHEMA["$defs"][name]["properties"].keys() - {"version"} == fields


def of_no_kind() -> Iterator[Any]:
    end = {"end": "end", "seconds": 0.0, "sha256": "0" * 64, "bytes": 0}
    yield from (
        {},
        [],
        "text",
        [0.0],
        [0.0, ""],
        [-1, "x"],
        [0.0, "x", 1],
        [0.0, {"b64": "a", "c": 1}],
    )
    yield from ({"version": 2}, {"version": 1, "lost": ["all"]}, {"version": 1, "response": {}})
    yield from ({"version": 1, **end}, {**end, "end": "unfinished"}, {**end, "sha256": "0"})
    yield {"version": 1, "request": {"json": 1, "text": "1"}}


@pytest.mark.parametrize("line", list(of_no_kind()), ids=str)
def test_the_schema_refuses_what_is_no_line(line: Any) -> None:
    assert not VALID.is_valid(line)


def test_the_example_in_the_documentation_can_be_read(tmp_path: Path) -> None:
    assert EXAMPLE is not None
    path = tmp_path / "example.cap.jsonl"
    path.write_bytes(EXAMPLE[1].encode())
    assert_valid(path)
    capture = Capture(path)
    assert capture.end().whole
    assert "Grüße" in capture.body().decode()
    assert len(list(capture.pieces())) == 3
    again = tmp_path / "again.cap.jsonl"
    with CaptureWriter(again, capture.header) as writer:
        *pieces, end = capture.items()
        for piece in pieces:
            writer.piece(piece.seconds, piece.data)
        writer.end(end.how, seconds=end.seconds)
    assert again.read_bytes() == path.read_bytes()
