"""Runs the checks of one client and prints one JSON line each: name, whether it held, and what went wrong."""

import asyncio
import inspect
import json
import os
import sys
import traceback

BASE_URL = os.environ["POINTSMAN_URL"] + "/v1"
API_KEY = os.environ["POINTSMAN_KEY"]
WEATHER_CALL = '[[call:get_weather {"city":"Oslo"}]] What is the weather in Oslo?'
PLAN = "Plan a trip."
# Two choices cannot be continued by another model, so this break has to reach the client.
BREAK = "Tell a long story. [[tokens:60]] [[fault:mid-error;after=12]]"


def run(*checks):
    for check in checks:
        try:
            result = check()
            if inspect.isawaitable(result):
                asyncio.run(result)
            line = {"name": check.__doc__, "ok": True}
        except Exception:
            line = {"name": check.__doc__, "ok": False, "error": traceback.format_exc(limit=-3)}
        print(json.dumps(line), flush=True)


def raises(kind, act):
    """The exception that `act` raises, which must be of this kind."""
    try:
        act()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")
