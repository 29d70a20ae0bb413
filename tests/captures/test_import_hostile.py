"""Whatever a file holds, importing it ends: in captures, or in one CaptureError that names the file. Nothing in it is run, and
neither memory nor time grow past what its length allows."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamnorm.captures.format import Piece
from streamnorm.captures.imports import FORMATS, arriving, import_file, source
from streamnorm.errors import CaptureError

IMPORTS = Path(__file__).parents[2] / "fixtures" / "imports"
FIXTURES = sorted(IMPORTS.iterdir())


def gone_through(path: Path, **options: Any) -> int:
    """The bytes of all bodies."""
    return sum(
        len(item.data)
        for one in import_file(path, **options)
        for item in one.items
        if isinstance(item, Piece)
    )


def ends(content: bytes, **options: Any) -> None:
    """It is imported, or refused with the file's name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given"
        path.write_bytes(content)
        said = str(path)
        try:
            gone_through(path, **options)
        except CaptureError as error:
            said = str(error)
        assert said.startswith(str(path))


def refusal(content: bytes | str, folder: Path, **options: Any) -> str:
    path = folder / "given"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(CaptureError) as refused:
        gone_through(path, **options)
    assert str(refused.value).startswith(str(path))
    return str(refused.value)


formats = st.sampled_from(("", *FORMATS))


@settings(deadline=None)
@given(content=st.binary(max_size=300), format=formats)
@example(content=b"\x1f\x8b", format="")
@example(content=b"HTTP/1.1 200 OK\r\n", format="")
@example(content=b'{"version": 1}', format="cassette")
@example(content=b"interactions: 1", format="")
@example(content=b'"\\ud800"', format="chunks")
def test_any_bytes_end(content: bytes, format: str) -> None:
    ends(content, format=format)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), format=formats)
def test_any_file_of_ours_cut_or_damaged_ends(data: st.DataObject, format: str) -> None:
    content = data.draw(st.sampled_from(FIXTURES)).read_bytes()
    at = data.draw(st.integers(0, len(content)))
    put = data.draw(st.binary(max_size=4))
    dropped = data.draw(st.integers(0, 40))
    ends(content[:at], format=format)
    ends(content[:at] + put + content[at + dropped :], format=format)


FIELDS = (
    *("request", "response", "body", "string", "headers", "status", "code", "chunks", "log"),
    *("entries", "content", "text", "encoding", "b64", "base64_string", "data", "scope", "url"),
    *("rawHeaders", "responseIsBinary", "kind", "value", "when", "then"),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    value=values,
    around=st.sampled_from(
        (
            '{"interactions": [{"request": %s, "response": {}}]}',
            '{"interactions": [{"request": {}, "response": %s}]}',
            '{"interactions": [{"request": {"body": %s}, "response": {"body": {"string": ""}}}]}',
            '{"log": {"entries": [{"request": {}, "response": %s}]}}',
            '{"log": {"entries": [%s]}}',
            '[{"scope": "http://x", "method": "GET", "path": "/", "response": %s}]',
            '{"Entries": [{"RequestUri": "http://[", "ResponseBody": %s}]}',
            "when: {}\nthen: %s",
            "[%s]",
            "%s",
        )
    ),
)
def test_any_values_in_the_places_of_a_format_end(value: Any, around: str) -> None:
    ends((around % json.dumps(value)).encode())


@pytest.mark.parametrize(
    "deep", ["[" * 200_000, '{"a":' * 200_000, "- " * 100_000, "a: [" * 50_000]
)
def test_deep_nesting_is_refused(deep: str, tmp_path: Path) -> None:
    refusal(deep, tmp_path, format="cassette")
    refusal("interactions:\n- request: " + deep, tmp_path)


def bomb(levels: int, leaf: str) -> str:
    """Each level names the one before it ten times."""
    lines = [f"a0: &a0 {leaf}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_aliases_that_come_to_a_billion_values_are_refused(tmp_path: Path) -> None:
    cassette = (
        "version: 1\n"
        + bomb(10, '"lol"')
        + """
interactions:
- request: {method: POST, uri: /, body: *a9}
  response: {status: {code: 200}, headers: *a9, body: {string: *a9}}
"""
    )
    assert "too large" in refusal(cassette, tmp_path)
    headers = cassette.replace("body: *a9", "body: x").replace("string: *a9", "string: x")
    # A list of lists is no list of headers: nothing of it is taken.
    (tmp_path / "given").write_text(headers)
    assert gone_through(tmp_path / "given") == 1


def test_aliases_that_repeat_a_large_body_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamnorm.captures.imports.MAX_BODIES", 1_000_000)
    cassette = f"""
version: 1
one: &one
  request: {{method: POST, uri: /}}
  response: {{status: {{code: 200}}, headers: {{}}, body: {{string: {"x" * 10_000}}}}}
interactions: [{", ".join(["*one"] * 1000)}]
"""
    assert "come to more than 1,000,000 bytes" in refusal(cassette, tmp_path)


def test_an_alias_to_what_it_is_in_is_refused(tmp_path: Path) -> None:
    assert "*loop names nothing" in refusal("interactions: &loop\n- *loop\n", tmp_path)


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch ran']",
        "!!python/object/new:_io.BytesIO {state: !!python/tuple [x]}",
        "!!python/name:os.system",
        "!ruby/struct:VCR::HTTPInteraction {}",
        "!!set {a, b}",
        "!unknown x",
    ],
)
def test_tags_that_ask_for_objects_are_refused_with_their_line(
    tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = refusal(f"interactions:\n- request:\n    body: {tag}\n", tmp_path)
    assert ", line 3: the tag" in said
    assert not (tmp_path / "ran").exists()


def test_a_compressed_body_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    compress = zlib.compressobj(9, wbits=31)
    zeros = bytes(1024 * 1024)
    bombed = b"".join(compress.compress(zeros) for _ in range(300)) + compress.flush()
    cassette = {
        "interactions": [
            {
                "request": {"method": "POST", "uri": "/"},
                "response": {
                    "status": 200,
                    "headers": {"content-encoding": "gzip"},
                    "body": {"base64_string": base64.b64encode(bombed).decode()},
                },
            }
        ]
    }
    tracemalloc.start()
    said = refusal(json.dumps(cassette), tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "exchange 1" in said
    assert "bomb" in said
    assert peak < 100 * 1024 * 1024


def test_a_gzipped_file_that_is_a_bomb_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_WHOLE", 1_000_000)
    said = refusal(gzip.compress(b'{"a": "' + b"x" * 2_000_000), tmp_path)
    assert "larger than 1,000,000 bytes" in said


def test_a_file_over_the_cap_is_refused_unless_it_is_streamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_WHOLE", 1000)
    monkeypatch.setattr(arriving, "MAX_PIECE", 300)
    for name in ("vcrpy.yaml", "nock.json", "chunks.jsonl", "pasted-fenced.txt"):
        said = refusal((IMPORTS / name).read_bytes(), tmp_path)
        assert "larger than 1,000 bytes" in said
    for name in ("raw-body.txt", "curl-i.txt"):
        assert gone_through(IMPORTS / name) == len((IMPORTS / "raw-body.txt").read_bytes())


def test_a_large_raw_body_takes_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "MAX_PIECE", 64 * 1024)
    monkeypatch.setattr(arriving, "MAX_UNDECIDED", 64 * 1024)
    monkeypatch.setattr(source, "BLOCK", 64 * 1024)
    path = tmp_path / "large"
    frame = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"word " * 200 + b'"}}]}\n\n'
    with open(path, "wb") as file:
        for _ in range(10):
            file.write(frame * 1000)
    tracemalloc.start()
    size = gone_through(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == path.stat().st_size > 10_000_000
    # Some pieces, however many there are.
    assert peak < 12 * arriving.MAX_PIECE


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"interactions": [\n{"request": {}, "response": {\n', r", line 2: not JSON"),
        ("interactions:\n- request: {a: [\n", r", line \d: not YAML"),
        ('{"choices": []}\n{"choices": [}\n{}\n', r", line 2: one JSON value a line"),
        ('{"a": 1}', r"no format that is known: JSON, an object with the keys \['a'\]"),
        ("[1, 2]", r"an array of 2 values"),
        ("Dear Sir,\n", r"begins with 'Dear Sir,\\n'. Known are a capture of ours; a raw body"),
        ("\x1f\x8b", r"begins with"),
        (b"\x1f\x8b\x08\x00garbage-garbage", r"gzip data is damaged"),
        ('{"version":7,"request":{}}\n', r"line 1: this is version 7"),
        ("interactions: []\n", r"no exchanges in it"),
        ('{"log": {"entries": [{"request": {}}]}}', r"exchange 1: it has no request and response"),
        (
            '[{"scope": "x", "response": "zz", "responseIsBinary": true}]',
            r"exchange 1: a body is not the hexadecimal",
        ),
        (
            '{"interactions": [{"request": {}, "response": {"body": {"base64_string": "!"}}}]}',
            r"exchange 1: a body is not the base64",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_and_place(
    content: bytes | str, said: str, tmp_path: Path
) -> None:
    assert re.search(said, refusal(content, tmp_path))


def test_without_pyyaml_the_error_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("raise ImportError('no yaml here')")
    code = (
        "import sys\n"
        "from streamnorm.captures.imports import import_file\n"
        "try: list(import_file(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join((str(tmp_path), root, os.environ.get("PYTHONPATH", "")))
    run = subprocess.run(
        [sys.executable, "-c", code, str(IMPORTS / "vcrpy.yaml")],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout.startswith("CaptureError")
    assert "streamnorm[import]" in run.stdout


def test_a_request_too_large_for_a_line_is_left_out(tmp_path: Path) -> None:
    cassette = {
        "request": {"method": "POST", "url": "/", "body": "\x01" * (17 * 1024 * 1024)},
        "response": {"status": 200, "body": "data: {}\n\n"},
    }
    path = tmp_path / "given"
    path.write_text(json.dumps(cassette))
    (one,) = import_file(path)
    assert one.header.request.text is None
    assert "not kept" in one.header.request.omitted


@pytest.mark.parametrize("line", [b"\xb4", b'{"version": \xff1}', b'{"a": ' * 5000, b'{"\xff": 1}'])
def test_a_capture_whose_header_is_no_json_is_refused(line: bytes, tmp_path: Path) -> None:
    assert "line 1: a capture begins with a JSON object" in refusal(
        line + b"\n", tmp_path, format="capture"
    )
