"""The official client's embeddings against the gateway, compared with what its backend says itself."""

import array
import json
import os
import urllib.request

import openai
from report import API_KEY, BASE_URL, raises, run_checks

client = openai.OpenAI(base_url=BASE_URL, api_key=API_KEY, max_retries=0)
TEXTS = ["a cat sleeps", "stock prices fell", "ein Text mit Umlauten: äöü", "line\nbreak and \"quotes\""]


def backend(texts):
    """The numbers of the model server, as Python reads them."""
    body = json.dumps({"model": "BAAI/bge-small-en-v1.5", "input": texts, "encoding_format": "float"}).encode()
    headers = {"content-type": "application/json", "authorization": "Bearer " + os.environ["BACKEND_KEY"]}
    with urllib.request.urlopen(urllib.request.Request(os.environ["BACKEND_URL"] + "/v1/embeddings", body, headers)) as answer:
        return [entry["embedding"] for entry in json.load(answer)["data"]]


def bits(values):
    return array.array("f", values).tobytes()


def by_default():
    """gets every bit of its backend's vectors by default, which is base64"""
    answer = client.embeddings.create(model="bge-small-en", input=TEXTS)
    assert [bits(entry.embedding) for entry in answer.data] == [bits(vector) for vector in backend(TEXTS)]
    assert answer.usage.prompt_tokens > 0 and answer.model == "BAAI/bge-small-en-v1.5", answer.usage


def as_floats():
    """gets every digit of its backend's vectors as floats"""
    answer = client.embeddings.create(model="bge-small-en", input=TEXTS, encoding_format="float")
    assert [entry.embedding for entry in answer.data] == backend(TEXTS)


def many():
    """gets 2,000 vectors in order"""
    texts = [f"text number {i} about {word}" for i, word in enumerate(["cats", "money", "rain", "music"] * 500)]
    answer = client.embeddings.create(model="bge-small-en", input=texts)
    assert [entry.index for entry in answer.data] == list(range(2000))
    for at in (0, 63, 64, 999, 1999):
        assert bits(answer.data[at].embedding) == bits(backend([texts[at]])[0]), at


def tokens():
    """may send tokens"""
    answer = client.embeddings.create(model="bge-small-en", input=[[1, 2, 3], [4]])
    assert len(answer.data) == 2 and answer.usage.prompt_tokens == 4, answer.usage


def errors():
    """raises its own errors, which name the field"""
    error = raises(openai.BadRequestError, lambda: client.embeddings.create(model="bge-small-en", input=["a", ""]))
    assert error.param == "input.1", error
    error = raises(openai.BadRequestError, lambda: client.embeddings.create(model="small", input="a"))
    assert error.param == "model" and "/v1/chat/completions" in error.message, error
    error = raises(openai.NotFoundError, lambda: client.embeddings.create(model="text-embedding-3-small", input="a"))
    assert error.code == "model_not_found", error


run_checks(by_default, as_floats, many, tokens, errors)
