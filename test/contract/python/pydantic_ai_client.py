from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from report import API_KEY, BASE_URL, PLAN, WEATHER_CALL, raises, run


def model(key=API_KEY):
    return OpenAIChatModel("small", provider=OpenAIProvider(base_url=BASE_URL, api_key=key))


class Trip(BaseModel):
    city: str
    days: int


def text_whole():
    """reads a whole answer with its usage"""
    result = Agent(model()).run_sync("Name a river.")
    assert result.output, result


async def text_streamed():
    """reads a streamed answer"""
    async with Agent(model()).run_stream("Name a river.") as result:
        assert await result.get_output()


def tool_loop():
    """runs a tool loop"""
    agent = Agent(model())
    asked = []

    @agent.tool_plain
    def get_weather(city: str) -> str:
        asked.append(city)
        return f"{city}: 12 degrees"

    assert agent.run_sync(WEATHER_CALL).output and asked == ["Oslo"], asked


def structured():
    """fills a pydantic model, by an output tool"""
    assert Agent(model(), output_type=Trip).run_sync(PLAN).output.city


def history():
    """goes on with a conversation"""
    agent = Agent(model())
    first = agent.run_sync("Hello!")
    assert agent.run_sync("And now?", message_history=first.all_messages()).output


def errors():
    """raises the status of a refusal"""
    error = raises(ModelHTTPError, lambda: Agent(model("pm_wrong")).run_sync("Hi"))
    assert error.status_code == 401, error


run(text_whole, text_streamed, tool_loop, structured, history, errors)
