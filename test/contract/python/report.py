"""Runs the checks of one client and prints one JSON line each: name, whether it held, and what went wrong."""

import asyncio
import contextlib
import inspect
import io
import json
import os
import traceback

ORIGIN = os.environ["POINTSMAN_URL"]
BASE_URL = ORIGIN + "/v1"
API_KEY = os.environ["POINTSMAN_KEY"]
WEATHER_CALL = '[[call:get_weather {"city":"Oslo"}]] What is the weather in Oslo?'
PLAN = "Plan a trip."
# Two choices cannot be continued by another model, so this break has to reach the client.
BREAK = "Tell a long story. [[tokens:60]] [[fault:mid-error;after=12]]"


def recipe():
    """its recipe in docs/clients.md runs as it stands there"""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(os.environ["POINTSMAN_RECIPE"], "docs/clients.md", "exec"), {"__name__": "__main__"})
    assert shown.getvalue().strip(), "it prints nothing"


def run(*checks):
    """The recipe comes last: it may change what the client does by default."""
    run_checks(*checks, recipe)


def run_checks(*checks):
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
