import json

import openai
from agents import Agent, OpenAIResponsesModel, Runner, function_tool, set_tracing_disabled
from pydantic import BaseModel
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.models.openai import OpenAIResponsesModel as PydanticModel
from pydantic_ai.providers.openai import OpenAIProvider
from report import API_KEY, BASE_URL, BREAK, PLAN, WEATHER_CALL, raises, run

set_tracing_disabled(True)
client = openai.OpenAI(base_url=BASE_URL, api_key=API_KEY, max_retries=0)
TOOL = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Trip(BaseModel):
    city: str
    days: int


def ask(text, **options):
    return client.responses.create(model="small", input=text, **options)


def text_whole():
    """openai: reads a whole answer with its usage"""
    answer = ask("Name a river.")
    assert answer.output_text and answer.status == "completed", answer
    assert answer.usage.total_tokens > 0, answer


def text_streamed():
    """openai: reads a streamed answer to its final response"""
    with client.responses.stream(model="small", input="Name a river.") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert final.output_text and kinds[0] == "response.created" and kinds[-1] == "response.completed", kinds


def tool_loop():
    """openai: goes on from a stored answer with the output of its call"""
    first = ask(WEATHER_CALL, tools=[TOOL])
    call = next(item for item in first.output if item.type == "function_call")
    assert json.loads(call.arguments) == {"city": "Oslo"}, call
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "12 degrees"}
    assert ask([output], previous_response_id=first.id, tools=[TOOL]).output_text
    history = [{"role": "user", "content": WEATHER_CALL}, *[item.model_dump() for item in first.output], output]
    assert ask(history, tools=[TOOL], store=False).output_text
    client.responses.delete(first.id)
    raises(openai.NotFoundError, lambda: client.responses.retrieve(first.id))


def structured():
    """openai: parses a pydantic model"""
    assert client.responses.parse(model="small", input=PLAN, text_format=Trip).output_parsed.city


def errors():
    """openai: classifies errors by their status and code"""
    wrong_key = openai.OpenAI(base_url=BASE_URL, api_key="pm_wrong", max_retries=0)
    raises(openai.AuthenticationError, lambda: wrong_key.responses.create(model="small", input="Hi"))
    error = raises(openai.BadRequestError, lambda: ask("word " * 60_000))
    assert error.code == "context_length_exceeded" and error.param == "input", error
    error = raises(openai.BadRequestError, lambda: ask("Hi", background=True))
    assert error.param == "background", error


def broken_stream():
    """openai: raises on a stream that breaks, after what came"""
    seen = []
    raises(openai.APIError, lambda: seen.extend(ask(BREAK, stream=True)))
    assert len(seen) > 4 and "response.completed" not in {event.type for event in seen}, seen


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: 12 degrees"


def agent(**options):
    model = OpenAIResponsesModel("small", openai.AsyncOpenAI(base_url=BASE_URL, api_key=API_KEY, max_retries=0))
    return Agent(name="guide", model=model, **options)


def agents_loop():
    """openai-agents: runs a tool loop to its end"""
    result = Runner.run_sync(agent(tools=[get_weather]), WEATHER_CALL)
    assert result.final_output and len(result.raw_responses) == 2, result
    assert result.context_wrapper.usage.total_tokens > 0, result


async def agents_streamed():
    """openai-agents: reads a streamed run, and goes on from its stored answer"""
    result = Runner.run_streamed(agent(), "Name a river.")
    async for _ in result.stream_events():
        pass
    assert result.final_output, result
    again = await Runner.run(agent(), "[[say:Yes.]] Sure?", previous_response_id=result.last_response_id)
    assert again.final_output == "Yes.", again


def agents_structured():
    """openai-agents: fills a pydantic model"""
    assert Runner.run_sync(agent(output_type=Trip), PLAN).final_output.city


def pydantic_model():
    return PydanticModel("small", provider=OpenAIProvider(base_url=BASE_URL, api_key=API_KEY))


def pydantic_loop():
    """pydantic-ai: runs a tool loop and fills a model"""
    asked = []
    guide = PydanticAgent(pydantic_model())

    @guide.tool_plain
    def weather(city: str) -> str:
        asked.append(city)
        return f"{city}: 12 degrees"

    assert guide.run_sync(WEATHER_CALL.replace("get_weather", "weather")).output and asked == ["Oslo"], asked
    assert PydanticAgent(pydantic_model(), output_type=Trip).run_sync(PLAN).output.city


async def pydantic_streamed():
    """pydantic-ai: reads a streamed answer"""
    async with PydanticAgent(pydantic_model()).run_stream("Name a river.") as result:
        assert await result.get_output()


run(
    text_whole,
    text_streamed,
    tool_loop,
    structured,
    errors,
    broken_stream,
    agents_loop,
    agents_streamed,
    agents_structured,
    pydantic_loop,
    pydantic_streamed,
)
