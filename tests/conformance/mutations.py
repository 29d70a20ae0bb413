"""By check: the smallest thing done to a conformant exchange that must turn that check red, and no other but those it names."""

from __future__ import annotations

from conformance.graded import Mutation

__all__ = ["MUTATIONS"]

DONE = b"data: [DONE]\n\n"
HEAD = b'"object":"chat.completion.chunk","created":1790000000,"model":"demo-1"'
CHUNK = b'data: {"id":"chatcmpl-1",' + HEAD + b',"choices":['
QUICK = b'"delta":{"content":"quick "}'
WORD = b'"content":"quick "'
FINISH = b'"delta":{},"finish_reason":"stop"'
CALLED = b'"finish_reason":"tool_calls"'
OPEN_A = b'"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"get_weather","arguments":""}}]'
OPEN_B = b'{"index":1,"id":"call_b","type":"function"'
FRAGMENT = b'{"index":0,"function":{"arguments":"{\\"city\\":"}}'
CITY = b' \\"Z\xc3\xbcrich\\"}'
EMPTY = b'{"arguments":"{}"}'
USAGE = b'"usage":{"prompt_tokens":20,"completion_tokens":12,"total_tokens":32}'
ERROR = b'{"error":{"message":"The server is overloaded.","type":"server_error","param":null,"code":null}}'

MUTATIONS = (
    Mutation("T-001", "chat-text", headers={"content-type": "text/plain; charset=utf-8"}),
    Mutation("T-001", "responses-tools", status=206),
    Mutation(
        "T-002", "chat-text", headers={"content-type": "text/event-stream; charset=iso-8859-1"}
    ),
    Mutation("T-003", "chat-text", ((WORD, b'"content":"qu\xffick "'),)),
    Mutation("T-004", "chat-text", ((b"data: {", b"\xef\xbb\xbfdata: {"),)),
    Mutation("T-005", "chat-text", ((DONE, b"data: [DONE]\n"),)),
    Mutation("T-005", "chat-text", ((b'"usage":null}\n\ndata', b'"usage":null}\ndata'),)),
    Mutation("T-005", "chat-text", ((b"\n\n", b"\r\n\r\n"),)),
    Mutation("T-006", "chat-text", end="cut"),
    Mutation("T-007", "chat-text", ((b"data: {", b"datum: 1\ndata: {"),)),
    Mutation("T-007", "chat-text", ((DONE, b'answer: {"text":"no"}\n\n' + DONE),)),
    Mutation(
        "T-007", "chat-text", ((DONE, b'error: {"message":"no"}\n\n' + DONE),), also=("E-010",)
    ),
    Mutation("T-008", "chat-text", ((DONE, b"retry: 500\n\n" + DONE),)),
    Mutation("T-008", "chat-text", ((DONE, b"data:\n\n" + DONE),)),
    Mutation("T-009", "chat-text", ((b"data: {", b"id: 1\ndata: {"), (DONE, b": ping\n\n" + DONE))),
    Mutation("T-010", "chat-text", ((b"data: {", b"data:{"),)),
    Mutation("T-011", "chat-text", ((b"data: {", b"event: chunk\ndata: {"),)),
    Mutation("T-012", "chat-text", ((WORD, b'"content":"' + b"a" * (1 << 20) + b'"'),)),
    Mutation("T-013", "chat-text", at_once=True),
    Mutation("T-014", "chat-text", headers={"cache-control": None}),
    Mutation("T-016", "chat-text", pauses={5: 31.0}),
    Mutation("E-001", "chat-text", ((DONE, b""),)),
    Mutation("E-001", "chat-text", ((DONE, b'data: "[DONE]"\n\n'),)),
    Mutation("E-001", "chat-text", ((DONE, DONE + DONE),)),
    Mutation("E-002", "chat-text", ((FINISH, b'"delta":{},"finish_reason":null'),)),
    Mutation(
        "E-002",
        "chat-text",
        ((DONE, CHUNK + b'{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n' + DONE),),
    ),
    Mutation("E-003", "chat-text", ((b'"finish_reason":"stop"', b'"finish_reason":"eos"'),)),
    Mutation("E-005", "chat-tools", ((CITY, b' \\"Z\xc3\xbcri'),)),
    Mutation("E-010", "chat-error", ((ERROR, b'{"error":"The server is overloaded."}'),)),
    Mutation("E-010", "chat-error", ((ERROR + b"\n\n", ERROR + b"\n\n" + DONE),)),
    Mutation("E-012", "chat-text", body=b"<html><body>Bad gateway</body></html>"),
    Mutation("E-012", "responses-tools", body=b'{"id":"resp_1","object":"response"}'),
    Mutation("E-012", "chat-text", body=b""),
    Mutation(
        "E-015",
        "responses-tools",
        (
            (b"event: response.completed", b"event: response.later"),
            (b'"type":"response.completed"', b'"type":"response.later"'),
        ),
    ),
    Mutation(
        "E-016",
        "assistants-text",
        ((b"event: done\ndata: [DONE]\n\n", b""),),
    ),
    Mutation(
        "E-016", "assistants-text", ((b"event: thread.run.completed", b"event: thread.run.rested"),)
    ),
    Mutation("S-001", "chat-text", ((b'"usage":null', b'"usage":null,"usage":null'),)),
    Mutation("S-001", "chat-choices", ((b'"bytes":null', b'"bytes":NaN'),)),
    Mutation(
        "S-001", "chat-text", ((WORD, b'"content":"quick ","bias":' + b"[" * 70 + b"]" * 70),)
    ),
    Mutation("S-001", "chat-text", ((b"data: {", b"data: data: {"),)),
    Mutation("S-001", "chat-text", ((DONE, b"data: : ping\n\n" + DONE),)),
    Mutation(
        "S-002",
        "chat-text",
        ((b'"object":"chat.completion.chunk"', b'"object":"chat.completion"'),),
    ),
    Mutation("S-003", "chat-text", ((b'"id":"chatcmpl-1"', b'"id":"chatcmpl-2"'),)),
    Mutation("S-003", "chat-text", ((b'"id":"chatcmpl-1"', b'"id":""'),)),
    Mutation("S-004", "chat-text", ((b'"created":1790000000', b'"created":1790000001'),)),
    Mutation("S-004", "chat-text", ((b'"created":1790000000', b'"created":"1790000000"'),)),
    Mutation("S-004", "chat-text", ((b'"model":"demo-1"', b'"model":null'),)),
    Mutation(
        "S-005",
        "chat-text",
        ((DONE, b'data: {"id":"chatcmpl-1",' + HEAD + b',"choices":null}\n\n' + DONE),),
    ),
    Mutation("S-005", "chat-text", ((DONE, CHUNK + b"]}\n\n" + DONE),)),
    Mutation(
        "S-006",
        "chat-text",
        (
            (
                DONE,
                CHUNK
                + b'{"index":1,"delta":{"role":"assistant"},"finish_reason":"stop"}]}\n\n'
                + DONE,
            ),
        ),
    ),
    Mutation("S-007", "chat-text", ((FINISH, b'"delta":null,"finish_reason":"stop"'),)),
    Mutation("S-007", "chat-text", ((FINISH, FINISH + b',"message":{"role":"assistant"}'),)),
    Mutation("S-008", "chat-text", ((QUICK, b'"delta":{"role":"assistant","content":"quick "}'),)),
    Mutation("S-008", "chat-text", ((b'"role":"assistant",', b""),)),
    Mutation("S-009", "chat-text", ((WORD, b'"content":[{"type":"text","text":"quick "}]'),)),
    Mutation("S-011", "chat-choices", request={"n": 3}),
    Mutation("S-012", "chat-text", ((WORD, b'"content":"\\ud83d "'),)),
    Mutation("S-013", "chat-text", ((WORD, b'"content":"\xef\xbf\xbd "'),)),
    Mutation("S-014", "chat-text", ((HEAD, HEAD + b',"provider":"elsewhere"'),)),
    Mutation(
        "S-015",
        "chat-text",
        (
            (
                DONE,
                CHUNK + b'{"index":0,"delta":{"content":"more"},"finish_reason":null}]}\n\n' + DONE,
            ),
        ),
    ),
    Mutation(
        "S-016",
        "chat-text",
        ((DONE, 4 * (CHUNK + b'{"index":0,"delta":{},"finish_reason":null}]}\n\n') + DONE),),
    ),
    Mutation("S-017", "chat-choices", ((b'"logprob":-0.25', b'"logprob":null'),)),
    Mutation("S-018", "chat-text", ((b'"content":"The "', b'"content":"<think>"'),)),
    Mutation("S-019", "chat-text", ((WORD, b'"content":"END"'),)),
    Mutation("U-001", "chat-text", ((USAGE, b'"usage":null,"prompt_filter_results":[]'),)),
    Mutation(
        "U-001",
        "chat-text",
        (
            (
                b'"choices":[],' + USAGE,
                b'"choices":[{"index":0,"delta":{},"finish_reason":null}],' + USAGE,
            ),
        ),
    ),
    Mutation("U-002", "chat-text", ((b'"total_tokens":32', b'"total_tokens":33'),)),
    Mutation("U-002", "chat-text", ((b'"total_tokens":32', b'"total_tokens":"32"'),)),
    Mutation("U-003", "chat-text", ((b'"usage":null', USAGE),)),
    Mutation("U-004", "chat-tools", request={"stream_options": None}),
    Mutation("U-006", "responses-tools", ((b'"total_tokens":32', b'"total_tokens":33'),)),
    Mutation("F-001", "chat-tools", ((CALLED, b'"finish_reason":"stop"'),)),
    Mutation("F-001", "chat-text", ((b'"finish_reason":"stop"', CALLED),)),
    Mutation("F-002", "chat-tools", ((FRAGMENT, FRAGMENT.replace(b'"index":0,', b"")),)),
    Mutation("F-003", "chat-tools", ((b'"id":"call_a"', b'"id":""'),)),
    Mutation("F-003", "chat-tools", ((FRAGMENT, FRAGMENT.replace(b"{", b'{"id":"call_z",', 1)),)),
    Mutation("F-003", "chat-tools", ((FRAGMENT, FRAGMENT.replace(b"{", b'{"id":"call_a",', 1)),)),
    Mutation("F-004", "chat-tools", ((b'"id":"call_b"', b'"id":"call_a"'),)),
    Mutation("F-005", "chat-tools", ((b'"type":"function",', b""),)),
    Mutation("F-005", "chat-tools", ((b'"type":"function"', b'"type":"tool"'),)),
    Mutation(
        "F-006",
        "chat-tools",
        (
            (
                b'"function":{"arguments":"{\\"city\\":"',
                b'"function":{"name":"get_weather","arguments":"{\\"city\\":"',
            ),
        ),
    ),
    Mutation(
        "F-006",
        "chat-tools",
        (
            (b'"name":"get_weather",', b'"name":"get_",'),
            (
                b'"function":{"arguments":"{\\"city\\":"',
                b'"function":{"name":"weather","arguments":"{\\"city\\":"',
            ),
        ),
    ),
    Mutation("F-007", "chat-tools", ((b'"name":"get_weather"', b'"name":"get_forecast"'),)),
    Mutation("F-007", "chat-tools", ((b'"name":"get_weather"', b'"name":"get weather"'),)),
    Mutation(
        "F-008",
        "chat-tools",
        (
            (b'"arguments":" \\"Z\xc3\xbcrich\\"}"', b'"arguments":{"city":"Rome"}'),
            (b'"arguments":"{\\"city\\":"', b'"arguments":""'),
        ),
    ),
    Mutation(
        "F-008",
        "chat-tools",
        ((b'"name":"get_weather","arguments":""', b'"name":"get_weather","arguments":null'),),
    ),
    Mutation("F-009", "chat-tools", ((CITY, b" Rome}"),)),
    Mutation("F-010", "chat-tools", ((CITY, b'{\\"city\\": \\"Rome\\"}'),)),
    Mutation("F-012", "chat-tools", ((EMPTY, b'{"arguments":"null"}'),)),
    Mutation("F-012", "chat-tools", ((EMPTY, b'{"arguments":""}'),)),
    Mutation(
        "F-013",
        "chat-tools",
        (
            (OPEN_B, OPEN_B.replace(b"1", b"3", 1)),
            (b'{"index":1,', b'{"index":3,'),
            (b'{"index":1,', b'{"index":3,'),
        ),
    ),
    Mutation(
        "F-013",
        "chat-tools",
        (
            (OPEN_B, OPEN_B.replace(b"1", b"0", 1)),
            (b'{"index":1,', b'{"index":0,'),
            (b'{"index":1,', b'{"index":0,'),
            (b'{"index":2,', b'{"index":1,'),
            (b'{"index":2,', b'{"index":1,'),
        ),
    ),
    Mutation("F-015", "chat-tools", request={"parallel_tool_calls": False}),
    Mutation("F-016", "chat-tools", request={"tool_choice": "none"}),
    Mutation(
        "F-017",
        "chat-named",
        request={
            "tool_choice": {"type": "function", "function": {"name": "get_time"}},
            "tools": None,
        },
    ),
    Mutation("F-026", "chat-text", ((WORD, b'"content":"<tool_call>"'),)),
    Mutation("F-030", "chat-legacy", ((b'"name":"get_weather",', b""),)),
    Mutation(
        "F-030", "chat-legacy", ((b'"finish_reason":"function_call"', b'"finish_reason":"stop"'),)
    ),
    Mutation("F-032", "chat-tools", pauses={10: 2.5}),
    Mutation(
        "O-001",
        "chat-choices",
        ((b'"content":"{\\"answer\\":"', b'"content":"```json {\\"answer\\":"'),),
    ),
    Mutation("O-004", "chat-refusal", ((b'"refusal":"say that."', b'"refusal":["say that."]'),)),
    Mutation(
        "O-004",
        "chat-refusal",
        ((b'"content":"","refusal":null', b'"content":"{\\"a","refusal":null'),),
    ),
    Mutation(
        "R-001",
        "responses-tools",
        ((b"event: response.output_text.delta", b"event: response.text"),),
    ),
    Mutation("R-002", "responses-tools", ((b'"sequence_number":4}', b'"sequence_number":3}'),)),
    Mutation(
        "R-003",
        "responses-tools",
        (
            (b"event: response.in_progress", b"event: response.begun"),
            (b'"type":"response.in_progress"', b'"type":"response.begun"'),
        ),
    ),
    Mutation(
        "R-004",
        "responses-tools",
        (
            (
                b'{"type":"response.output_item.done","output_index":2',
                b'{"type":"response.output_item.kept","output_index":2',
            ),
        ),
        also=("R-001",),
    ),
    Mutation(
        "R-005",
        "responses-tools",
        (
            (b"event: response.content_part.added", b"event: response.part"),
            (b'"type":"response.content_part.added"', b'"type":"response.part"'),
        ),
    ),
    Mutation("R-006", "responses-tools", ((b'"delta":"look."', b'"delta":"see."'),)),
    Mutation("R-007", "responses-tools", ((b'"delta":" \\"Rome\\"}"', b'"delta":" \\"Oslo\\"}"'),)),
    Mutation("R-008", "responses-tools", ((b'"call_id":"call_b"', b'"call_id":"call_a"'),)),
    Mutation("R-008", "responses-tools", ((b'"call_id":"call_b"', b'"call_id":""'),)),
    Mutation(
        "R-009",
        "responses-tools",
        (
            (
                b'"type":"response.completed","response":{"id":"resp_1",',
                b'"type":"response.completed","response":{',
            ),
        ),
    ),
    Mutation(
        "R-010", "responses-tools", ((b'"type":"response.in_progress",', b""),), also=("R-003",)
    ),
    Mutation("R-012", "responses-tools", request={"max_output_tokens": 12}),
    Mutation(
        "A-001",
        "assistants-text",
        ((b"event: thread.message.created", b"event: thread.message.begun"),),
    ),
    Mutation("A-002", "assistants-text", ((b'"value":"morning."', b'"value":"evening."'),)),
    Mutation(
        "A-003",
        "assistants-tools",
        ((b'"arguments":" \\"Rome\\"}"', b'"arguments":" \\"Oslo\\"}"'),),
    ),
    Mutation(
        "A-004", "assistants-tools", ((b'"index":0,"id":"call_a"', b'"index":0,"id":"call_z"'),)
    ),
    Mutation(
        "A-007",
        "assistants-error",
        ((b'"message":"The server is overloaded."', b'"message":null'),),
    ),
)
