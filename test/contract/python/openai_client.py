import json

import openai
from pydantic import BaseModel
from report import API_KEY, BASE_URL, BREAK, PLAN, WEATHER_CALL, raises, run

client = openai.OpenAI(base_url=BASE_URL, api_key=API_KEY, max_retries=0)
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class Trip(BaseModel):
    city: str
    days: int


def ask(text, **options):
    return client.chat.completions.create(model="small", messages=[{"role": "user", "content": text}], **options)


def text_whole():
    """reads a whole answer with its usage"""
    answer = ask("Name a river.")
    assert answer.choices[0].message.content and answer.choices[0].finish_reason == "stop", answer
    assert answer.usage.total_tokens > 0, answer


def text_streamed():
    """reads a streamed answer with its usage"""
    chunks = list(ask("Name a river.", stream=True, stream_options={"include_usage": True}))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), chunks
    assert chunks[-1].usage.total_tokens > 0, chunks[-1]
    assert len({c.id for c in chunks}) == 1, "the id changes in mid-answer"


def tool_loop():
    """runs a tool loop on a history that it appends by model_dump()"""
    messages = [{"role": "user", "content": WEATHER_CALL}]
    first = client.chat.completions.create(model="small", messages=messages, tools=[TOOL]).choices[0]
    assert first.finish_reason == "tool_calls", first
    messages.append(first.message.model_dump())
    for call in first.message.tool_calls:
        assert json.loads(call.function.arguments) == {"city": "Oslo"}, call
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "12 degrees"})
    last = client.chat.completions.create(model="small", messages=messages, tools=[TOOL]).choices[0]
    assert last.finish_reason == "stop" and last.message.content, last


def chat_history():
    """goes on with a conversation whose turns it appends by model_dump()"""
    messages = [{"role": "user", "content": "Hello!"}]
    for question in ("How are you?", "And now?"):
        answer = client.chat.completions.create(model="auto", messages=messages).choices[0].message
        messages += [answer.model_dump(), {"role": "user", "content": question}]
    assert client.chat.completions.create(model="auto", messages=messages).choices[0].message.content


def structured():
    """parses a pydantic model, whole and streamed"""
    messages = [{"role": "user", "content": PLAN}]
    assert client.chat.completions.parse(model="small", messages=messages, response_format=Trip).choices[0].message.parsed.city
    with client.chat.completions.stream(model="small", messages=messages, response_format=Trip) as stream:
        assert stream.get_final_completion().choices[0].message.parsed.city


def errors():
    """classifies errors by their status and code"""
    wrong_key = openai.OpenAI(base_url=BASE_URL, api_key="pm_wrong", max_retries=0)
    raises(openai.AuthenticationError, lambda: wrong_key.models.list())
    error = raises(openai.BadRequestError, lambda: ask("Hi", temperature=-1))
    assert error.param == "temperature", error
    error = raises(openai.NotFoundError, lambda: client.chat.completions.create(model="gpt-x", messages=[{"role": "user", "content": "Hi"}]))
    assert error.code == "model_not_found" and "gpt-x" in error.message, error
    error = raises(openai.BadRequestError, lambda: ask("word " * 60_000))
    assert error.code == "context_length_exceeded" and "maximum context length" in error.message, error


def broken_stream():
    """raises on a stream that breaks, after what came"""
    seen = []
    raises(openai.APIError, lambda: seen.extend(ask(BREAK, stream=True, n=2)))
    assert len(seen) > 2, seen


def lists_models():
    """lists the models"""
    assert {m.id for m in client.models.list()} >= {"auto", "small", "large"}


run(text_whole, text_streamed, tool_loop, chat_history, structured, errors, broken_stream, lists_models)
