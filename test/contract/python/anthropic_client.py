import anthropic
from report import API_KEY, ORIGIN, PLAN, WEATHER_CALL, raises, run

client = anthropic.Anthropic(base_url=ORIGIN, api_key=API_KEY, max_retries=0)
TOOL = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
# Thinking was shown, so no other model can go on with it.
BREAK = "[[think:a long thought]] Tell. [[tokens:60]] [[fault:mid-error;after=24]]"


def ask(text, model="small", **options):
    messages = [{"role": "user", "content": text}]
    return client.messages.create(model=model, max_tokens=200, messages=messages, **options)


def text_whole():
    """reads a whole answer with its usage"""
    message = ask("Name a river.", system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}])
    assert message.content[0].text and message.stop_reason == "end_turn", message
    assert message.usage.input_tokens > 0 and message.usage.output_tokens > 0, message


def text_streamed():
    """reads a streamed answer with its usage"""
    with client.messages.stream(model="small", max_tokens=200, messages=[{"role": "user", "content": "Name a river."}]) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text and final.content[0].text == text and final.usage.output_tokens > 0, final


def tool_loop():
    """runs a tool loop on a history that it appends as it came"""
    messages = [{"role": "user", "content": WEATHER_CALL}]
    options = {"model": "small", "max_tokens": 200, "tools": [TOOL]}
    first = client.messages.create(messages=messages, **options)
    assert first.stop_reason == "tool_use", first
    calls = [block for block in first.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"city": "Oslo"}], calls
    messages.append({"role": "assistant", "content": first.content})
    messages.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "12 degrees"} for call in calls]})
    last = client.messages.create(messages=messages, **options)
    assert last.stop_reason == "end_turn" and last.content[0].text, last


def structured():
    """gets an answer of the schema that it asked for"""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
    message = ask(PLAN, extra_body={"output_config": {"format": {"type": "json_schema", "schema": schema}}})
    assert '"city"' in message.content[0].text, message


def counts():
    """counts tokens"""
    count = client.messages.count_tokens(model="small", messages=[{"role": "user", "content": "hello " * 100}])
    assert count.input_tokens > 90, count


def errors():
    """classifies errors by their status and type"""
    wrong_key = anthropic.Anthropic(base_url=ORIGIN, api_key="pointsman-wrong-key-0000", max_retries=0)
    raises(anthropic.AuthenticationError, lambda: wrong_key.models.list())
    error = raises(anthropic.BadRequestError, lambda: ask("Hi", extra_body={"temperature": -1}))
    assert "temperature" in error.message and error.body["error"]["type"] == "invalid_request_error", error.body
    raises(anthropic.NotFoundError, lambda: ask("Hi", model="gpt-x"))
    error = raises(anthropic.BadRequestError, lambda: ask("word " * 60_000))
    assert "prompt is too long" in error.message, error


def broken_stream():
    """raises on a stream that breaks, after what came"""
    seen = []
    raises(anthropic.APIError, lambda: seen.extend(ask(BREAK, model="large", stream=True)))
    assert len(seen) > 3, seen


run(text_whole, text_streamed, tool_loop, structured, counts, errors, broken_stream)
