import openai
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from report import API_KEY, BASE_URL, BREAK, PLAN, WEATHER_CALL, raises, run


def model(**options):
    return ChatOpenAI(base_url=BASE_URL, api_key=API_KEY, model="small", max_retries=0, **options)


class Trip(BaseModel):
    city: str
    days: int


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: 12 degrees"


def text_whole():
    """reads a whole answer with its usage"""
    answer = model().invoke("Name a river.")
    assert answer.content and answer.usage_metadata["total_tokens"] > 0, answer


def text_streamed():
    """reads a streamed answer; its usage with stream_usage=True"""
    chunks = list(model(stream_usage=True).stream("Name a river."))
    assert "".join(str(c.content) for c in chunks), chunks
    assert any(c.usage_metadata for c in chunks), "no usage"


def tool_loop():
    """runs a tool loop, whole and streamed"""
    for streaming in (False, True):
        bound = model(streaming=streaming).bind_tools([get_weather])
        messages = [HumanMessage(WEATHER_CALL)]
        answer = bound.invoke(messages)
        assert [c["args"] for c in answer.tool_calls] == [{"city": "Oslo"}], answer
        messages += [answer, *(ToolMessage(get_weather.invoke(c["args"]), tool_call_id=c["id"]) for c in answer.tool_calls)]
        assert bound.invoke(messages).content


def structured():
    """fills a pydantic model by JSON schema and by function calling"""
    assert model().with_structured_output(Trip, method="json_schema").invoke(PLAN).city
    assert model().with_structured_output(Trip, method="function_calling").invoke(PLAN).city


def errors():
    """classifies errors by their status and code"""
    raises(openai.AuthenticationError, lambda: ChatOpenAI(base_url=BASE_URL, api_key="pm_wrong", model="small").invoke("Hi"))
    error = raises(openai.BadRequestError, lambda: model().invoke("word " * 60_000))
    assert error.code == "context_length_exceeded", error


def broken_stream():
    """raises on a stream that breaks"""
    raises(openai.APIError, lambda: list(model(n=2).stream(BREAK)))


run(text_whole, text_streamed, tool_loop, structured, errors, broken_stream)
