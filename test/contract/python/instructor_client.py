import instructor
import openai
from pydantic import BaseModel
from report import API_KEY, BASE_URL, PLAN, run

client = openai.OpenAI(base_url=BASE_URL, api_key=API_KEY, max_retries=0)


class Trip(BaseModel):
    city: str
    days: int


def fill(mode):
    return instructor.from_openai(client, mode=mode).chat.completions.create(
        model="small", messages=[{"role": "user", "content": PLAN}], response_model=Trip, max_retries=0
    )


def by_tools():
    """fills a pydantic model by a forced tool call"""
    assert fill(instructor.Mode.TOOLS).city


def by_json_schema():
    """fills a pydantic model by JSON schema"""
    assert fill(instructor.Mode.JSON_SCHEMA).city


def partial():
    """fills a model while it streams"""
    patched = instructor.from_openai(client, mode=instructor.Mode.TOOLS)
    parts = list(patched.chat.completions.create_partial(model="small", messages=[{"role": "user", "content": PLAN}], response_model=Trip))
    assert parts and parts[-1].city, parts


run(by_tools, by_json_schema, partial)
