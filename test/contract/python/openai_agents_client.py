import openai
from agents import Agent, ModelSettings, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from pydantic import BaseModel
from report import API_KEY, BASE_URL, PLAN, WEATHER_CALL, raises, run

set_tracing_disabled(True)


def agent(key=API_KEY, **options):
    client = openai.AsyncOpenAI(base_url=BASE_URL, api_key=key, max_retries=0)
    settings = ModelSettings(include_usage=True)
    return Agent(name="guide", model=OpenAIChatCompletionsModel("small", client), model_settings=settings, **options)


class Trip(BaseModel):
    city: str
    days: int


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: 12 degrees"


def text_whole():
    """reads a whole answer with its usage"""
    result = Runner.run_sync(agent(), "Name a river.")
    assert result.final_output and result.context_wrapper.usage.total_tokens > 0, result


async def text_streamed():
    """reads a streamed answer; its usage with include_usage"""
    result = Runner.run_streamed(agent(), "Name a river.")
    async for _ in result.stream_events():
        pass
    assert result.final_output and result.context_wrapper.usage.total_tokens > 0, result


def tool_loop():
    """runs a tool loop to its end"""
    result = Runner.run_sync(agent(tools=[get_weather]), WEATHER_CALL)
    assert result.final_output and len(result.raw_responses) == 2, result


def structured():
    """fills a pydantic model"""
    assert Runner.run_sync(agent(output_type=Trip), PLAN).final_output.city


def errors():
    """raises the client's own error for a refusal"""
    raises(openai.AuthenticationError, lambda: Runner.run_sync(agent("pm_wrong"), "Hi"))


run(text_whole, text_streamed, tool_loop, structured, errors)
