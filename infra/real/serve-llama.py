"""
serve-llama.py GGUF PORT NAME TEMPLATE: llama.cpp's HTTP server, as its library in the package xllamacpp starts it. The key is in
POINTSMAN_REAL_KEY; with "-" for a template it makes vectors and no chats. Prints the version, then serves until it is killed.
"""

import os
import signal
import sys
from importlib.metadata import version

import xllamacpp

SLOTS = 4
SLOT_TOKENS = 2048


def main():
    gguf, port, name, template = sys.argv[1:]
    params = xllamacpp.CommonParams()
    params.model.path = gguf
    params.hostnames = ["127.0.0.1"]
    params.port = int(port)
    params.model_alias = {name}
    params.api_keys = [os.environ["POINTSMAN_REAL_KEY"]]
    params.endpoint_metrics = True
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * SLOT_TOKENS
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    if template == "-":
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    else:
        params.use_jinja = True
        with open(template, encoding="utf-8") as file:
            params.chat_template = file.read()
    server = xllamacpp.Server(params)
    print(f"llama.cpp of xllamacpp {version('xllamacpp')} on {server.listening_address}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    # Its threads do not end by themselves while requests run.
    os._exit(0)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
