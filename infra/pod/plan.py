"""
What pod.json comes to on a card: whether it fits, and the exact commands. Effects are reading the table and model folders; the rest is pure.
Needs nothing but Python 3.9, which every pod has.

  plan.py modes                                    what there is to run, and on which cards
  plan.py memory  [--mode M] [--card C] [--json]   the arithmetic, for one mode and card or for all
  plan.py show    --mode M --card C --home DIR     the commands that `pod.sh start` runs, as printed by --dry-run
  plan.py explain                                  every flag and variable with its reason
  plan.py servers --mode M --card C --home DIR     id, port, served name, one server a line (tabs between)
  plan.py command --mode M --card C --home DIR --server ID --key KEY_FILE   variables, --, arguments; a NUL after each
  plan.py models  --mode M --card C --home DIR     model, repository, folder, gated, bytes (tabs between)
  plan.py check   --model M --folder DIR           whether a model's files are whole; prints what is wrong
  plan.py ready   --port P --name NAME --key KEY_FILE   whether the server answers and lists the model
  plan.py card                                     the card of `nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits` on stdin
  plan.py settings                                 what pod.sh needs of the table: section, name, value (tabs between), one a line
"""

import argparse
import json
import os
import re
import shlex
import struct
import sys
import urllib.request

GIB = 1024**3
# AWQ keeps 4 bits for each weight, and for each group of 128 a scale of 16 bits and a zero point of 4.
AWQ_BYTES = 0.5 + (2 + 0.5) / 128


def read_table():
    """The table, from POINTSMAN_POD_TABLE or beside this file."""
    path = os.environ.get("POINTSMAN_POD_TABLE") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "pod.json")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


# -- arithmetic ------------------------------------------------------------------------------------------------------------------


def linear_parameters(model):
    """Weights of the linear layers, which are what AWQ quantises."""
    attention = model["hidden"] * model["head_dim"] * (2 * model["heads"] + 2 * model["kv_heads"])
    return model["layers"] * (attention + 3 * model["hidden"] * model["intermediate"])


def other_parameters(model):
    """Embeddings, output layer, norms and biases, which stay at 16 bits."""
    biases = model["head_dim"] * (model["heads"] + 2 * model["kv_heads"]) if model["qkv_bias"] else 0
    norms = model["layers"] * (2 * model["hidden"] + biases) + model["hidden"]
    return model["vocab"] * model["hidden"] * (1 if model["tied"] else 2) + norms


def weight_bytes(model):
    """Bytes on the card and, within a per mille, on the disk."""
    per_weight = {"bf16": 2, "awq": AWQ_BYTES}[model["weights"]]
    return linear_parameters(model) * per_weight + other_parameters(model) * 2


def kv_bytes_per_token(model):
    """A key and a value for each layer and KV head."""
    return model["layers"] * model["kv_heads"] * model["head_dim"] * 2 * model["kv_bytes"]


def activation_bytes(model, batched_tokens, max_num_seqs):
    """
    The peak while one step of `batched_tokens` is computed: the MLP's gate, up and product and four vectors of the hidden size for each token,
    and the logits of every sequence in float32 three times over (they are sorted for sampling).
    """
    step = batched_tokens * (3 * model["intermediate"] + 4 * model["hidden"]) * 2
    return step + max_num_seqs * model["vocab"] * 4 * 3


def batched_tokens(table):
    return next(int(flag["value"]) for flag in table["flags"] if flag["flag"] == "--max-num-batched-tokens")


def fit_server(table, card, place):
    """What a server's share holds, in GiB and tokens. `place` is an entry of a mode's card."""
    model, server, overhead = table["models"][place["model"]], table["servers"][place["server"]], table["overhead"]
    share_gib = place["share"] * card["gib"]
    weights_gib = weight_bytes(model) / GIB
    activations = activation_bytes(model, batched_tokens(table), server["max_num_seqs"]) / GIB
    activation_gib = activations * overhead["activation_margin"]
    kv_gib = share_gib - weights_gib - activation_gib - overhead["non_torch_gib"] - overhead["graphs_gib"]
    kv_tokens = max(0, int(kv_gib * GIB // kv_bytes_per_token(model)))
    context = place["context"]
    return {
        "server": place["server"],
        "model": place["model"],
        "device": place["device"],
        "share": place["share"],
        "share_gib": share_gib,
        "weights_gib": weights_gib,
        "activation_gib": activation_gib,
        "non_torch_gib": overhead["non_torch_gib"],
        "graphs_gib": overhead["graphs_gib"],
        "kv_gib": kv_gib,
        "kv_bytes_per_token": kv_bytes_per_token(model),
        "kv_tokens": kv_tokens,
        "context": context,
        "full_requests": kv_tokens / context,
        "fits": kv_tokens >= context and context <= model["native_context"],
    }


def fit_mode(table, mode, card_id):
    """All servers of a mode on a card, and what is left of each device for what lies outside the shares."""
    card = table["cards"][card_id]
    places = table["modes"][mode]["cards"].get(card_id)
    if places is None:
        cards = ", ".join(table["modes"][mode]["cards"])
        raise SystemExit(f"{mode} does not fit {card_id}; it fits {cards}. `pod.sh memory` shows the arithmetic.")
    servers = [fit_server(table, card, place) for place in places]
    devices = []
    for device in range(card["devices"]):
        own = [server for server in servers if server["device"] == device]
        outside_gib = table["overhead"]["context_outside_gib"] * len(own)
        left_gib = card["gib"] - sum(server["share_gib"] for server in own)
        devices.append({"device": device, "left_gib": left_gib, "outside_gib": outside_gib, "fits": left_gib >= outside_gib})
    fits = all(part["fits"] for part in servers + devices)
    return {"mode": mode, "card": card_id, "gib": card["gib"], "servers": servers, "devices": devices, "fits": fits}


# -- commands --------------------------------------------------------------------------------------------------------------------


def model_folder(table, home, model_id):
    return f"{home}/models/{table['models'][model_id]['repository'].split('/')[-1]}"


def command_of(table, home, place):
    """Variables and arguments of one server; `{api_key}` is left for whoever runs or prints it."""
    model, server = table["models"][place["model"]], table["servers"][place["server"]]
    kinds = {None, model["weights"]} | ({"tools"} if server["tool_parser"] else set())
    values = {
        "port": server["port"],
        "served_name": server["served_name"],
        "share": place["share"],
        "context": place["context"],
        "max_num_seqs": server["max_num_seqs"],
        "max_queued": 2 * server["max_num_seqs"],
        "tool_parser": server["tool_parser"],
        "device": place["device"],
        "home": home,
        "api_key": "{api_key}",
    }
    arguments = ["vllm", "serve", model_folder(table, home, place["model"])]
    for flag in table["flags"]:
        if flag.get("when") in kinds:
            arguments += [flag["flag"]] + ([] if flag["value"] is None else [flag["value"].format(**values)])
    variables = [(variable["name"], variable["value"].format(**values)) for variable in table["environment"]]
    return variables, arguments


def shown_command(variables, arguments, key_file):
    """As a person would type it; the key is read from its file."""
    lines = [f'{name}="$(cat {shlex.quote(key_file)})"' if value == "{api_key}" else f"{name}={shlex.quote(value)}" for name, value in variables]
    words = [" ".join(arguments[:3])]
    for word in arguments[3:]:
        if word.startswith("--"):
            words.append(f"  {word}")
        else:
            words[-1] += f" {shlex.quote(word)}"
    return " \\\n".join(lines + words)


def show(table, mode, card_id, home):
    plan = fit_mode(table, mode, card_id)
    card = table["cards"][card_id]
    parts = []
    for place in table["modes"][mode]["cards"][card_id]:
        server = table["servers"][place["server"]]
        title = f"# {place['server']}: {server['served_name']}, {place['share'] * 100:.0f} % of device {place['device']} ({card['gib']} GiB)"
        url = f"http://127.0.0.1:{server['port']}/v1/models"
        parts.append(f"{title}\n{shown_command(*command_of(table, home, place), f'{home}/api-key')}\n# wait until {url} lists it, then the next")
    if not plan["fits"]:
        raise SystemExit(f"{mode} does not fit {card_id}:\n{describe(plan)}")
    return "\n\n".join(parts)


def describe(plan):
    lines = [f"{plan['mode']} on {plan['card']} ({plan['gib']} GiB a device): {'fits' if plan['fits'] else 'DOES NOT FIT'}"]
    lines.append("  server        share     GiB  weights  activ.  other     KV   KiB/token  KV tokens  context  at full length")
    for server in plan["servers"]:
        other = server["non_torch_gib"] + server["graphs_gib"]
        lines.append(
            f"  {server['server']:<12} {server['share'] * 100:4.0f} % {server['share_gib']:8.2f} {server['weights_gib']:8.2f} {server['activation_gib']:7.2f}"
            f" {other:6.2f} {server['kv_gib']:6.2f} {server['kv_bytes_per_token'] / 1024:11.0f} {server['kv_tokens']:10,d} {server['context']:8,d}"
            f"  {server['full_requests']:.1f} requests{'' if server['fits'] else '   <- does not fit'}"
        )
    for device in plan["devices"]:
        if any(server["device"] == device["device"] for server in plan["servers"]):
            note = "" if device["fits"] else "   <- too little"
            lines.append(f"  device {device['device']}: {device['left_gib']:.2f} GiB outside the shares, {device['outside_gib']:.2f} needed for CUDA contexts{note}")
    return "\n".join(lines)


def explain(table):
    lines = []
    for entry in table["flags"]:
        when = {"bf16": " (16-bit weights)", "awq": " (AWQ weights)", "tools": " (servers with a tool parser)"}.get(entry.get("when"), "")
        lines.append(f"{entry['flag']}{'' if entry['value'] is None else ' ' + entry['value']}{when}\n    {entry['why']}")
    for entry in table["environment"]:
        lines.append(f"{entry['name']}={entry['value']}\n    {entry['why']}")
    return "\n".join(lines)


# -- files -----------------------------------------------------------------------------------------------------------------------


def shard_mistake(path):
    """A safetensors file says in its first bytes how long it is; None when it is as long."""
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            (header_bytes,) = struct.unpack("<Q", file.read(8))
            if header_bytes > size:
                return f"{os.path.basename(path)}: cut within its header"
            header = json.loads(file.read(header_bytes))
        end = max((tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"), default=0)
    except (OSError, ValueError, KeyError, struct.error) as error:
        return f"{os.path.basename(path)}: cannot be read ({type(error).__name__})"
    expected = 8 + header_bytes + end
    return None if size == expected else f"{os.path.basename(path)}: {size:,} bytes instead of {expected:,}"


def folder_mistakes(model, folder):
    """Everything that is wrong with a downloaded model; empty when it can be served."""
    try:
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
    except (OSError, ValueError):
        return ["config.json: missing or cut"]
    mistakes = []
    # The memory arithmetic is that of the table: another model under this name would not fit, or waste the card.
    for key, name in [("layers", "num_hidden_layers"), ("hidden", "hidden_size"), ("intermediate", "intermediate_size"), ("kv_heads", "num_key_value_heads")]:
        if config.get(name) != model[key]:
            mistakes.append(f"config.json: {name} is {config.get(name)}, pod.json says {model[key]}")
    is_awq = config.get("quantization_config", {}).get("quant_method") == "awq"
    if is_awq != (model["weights"] == "awq"):
        mistakes.append(f"config.json: the weights are {'' if is_awq else 'not '}AWQ, pod.json says {model['weights']}")
    if not any(os.path.exists(os.path.join(folder, name)) for name in ["tokenizer.json", "tokenizer.model", "vocab.json"]):
        mistakes.append("no tokenizer")
    index = os.path.join(folder, "model.safetensors.index.json")
    shards = {"model.safetensors"}
    if os.path.exists(index):
        try:
            with open(index, encoding="utf-8") as file:
                shards = set(json.load(file)["weight_map"].values())
        except (ValueError, KeyError):
            return mistakes + ["model.safetensors.index.json: cut"]
    for shard in sorted(shards):
        path = os.path.join(folder, shard)
        mistake = shard_mistake(path) if os.path.exists(path) else f"{shard}: missing"
        if mistake is not None:
            mistakes.append(mistake)
    return mistakes


def find_card(table, text):
    """The cards that nvidia-smi's memory sizes fit; the first is meant where several do. None for none."""
    sizes = [int(line) for line in re.findall(r"^\s*(\d+)", text, re.MULTILINE)]
    for card_id, card in table["cards"].items():
        low, high = card["match_mib"]
        if len(sizes) >= card["devices"] and all(low <= size <= high for size in sizes[: card["devices"]]):
            return card_id
    return None


def lists_model(port, name, key_file):
    """Whether the server on this port lists the model, as the gateway's probe asks it."""
    with open(key_file, encoding="utf-8") as file:
        headers = {"authorization": f"Bearer {file.read().strip()}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models", headers=headers)
    try:
        # Whatever proxy the environment names is not for the loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=5) as answer:
            return any(model.get("id") == name for model in json.load(answer).get("data", []))
    except (OSError, ValueError):
        return False


# -- command line ----------------------------------------------------------------------------------------------------------------


def place_of(table, options):
    for place in table["modes"][options.mode]["cards"][options.card]:
        if place["server"] == options.server:
            return place
    raise SystemExit(f"{options.mode} has no server {options.server}")


def print_memory(table, options):
    plans = [
        fit_mode(table, mode, card)
        for mode in ([options.mode] if options.mode else table["modes"])
        for card in ([options.card] if options.card else table["modes"][mode]["cards"])
    ]
    print(json.dumps(plans, indent=1) if options.json else "\n\n".join(describe(plan) for plan in plans))


def print_settings(table):
    for section in ["versions", "supervise", "download"]:
        for name, value in table[section].items():
            print(section, name, " ".join(map(str, value)) if isinstance(value, list) else value, sep="\t")
    for phase in table["phases"]:
        print("phase", phase["name"], phase["pattern"], sep="\t")
    for hint in table["hints"]:
        print("hint", hint["hint"], hint["pattern"], sep="\t")


def print_command(table, options):
    with open(options.key, encoding="utf-8") as file:
        api_key = file.read().strip()
    variables, arguments = command_of(table, options.home, place_of(table, options))
    words = [f"{name}={api_key if value == '{api_key}' else value}" for name, value in variables] + ["--"] + arguments
    sys.stdout.write("".join(f"{word}\0" for word in words))


def main():
    table = read_table()
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("verb", choices=["memory", "show", "explain", "servers", "command", "models", "check", "card", "modes", "ready", "settings"])
    for name in ["mode", "card", "home", "server", "key", "model", "folder", "port", "name"]:
        parser.add_argument(f"--{name}")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for name, known in [("mode", table["modes"]), ("card", table["cards"])]:
        value = getattr(options, name)
        if value is not None and value not in known:
            raise SystemExit(f"There is no {name} {value}; there are {', '.join(known)}.")
    if options.verb == "memory":
        print_memory(table, options)
    elif options.verb == "show":
        print(show(table, options.mode, options.card, options.home))
    elif options.verb == "explain":
        print(explain(table))
    elif options.verb == "modes":
        for mode, entry in table["modes"].items():
            print(f"{mode} ({', '.join(entry['cards'])})\n    {entry['about']}")
    elif options.verb == "servers":
        if not fit_mode(table, options.mode, options.card)["fits"]:
            raise SystemExit(f"{options.mode} does not fit {options.card}: pod.sh memory")
        for place in table["modes"][options.mode]["cards"][options.card]:
            server = table["servers"][place["server"]]
            print(place["server"], server["port"], server["served_name"], sep="\t")
    elif options.verb == "command":
        print_command(table, options)
    elif options.verb == "models":
        fit_mode(table, options.mode, options.card)
        for model_id in dict.fromkeys(place["model"] for place in table["modes"][options.mode]["cards"][options.card]):
            model = table["models"][model_id]
            gated = "gated" if model.get("gated") else "open"
            print(model_id, model["repository"], model_folder(table, options.home, model_id), gated, int(weight_bytes(model)), sep="\t")
    elif options.verb == "check":
        mistakes = folder_mistakes(table["models"][options.model], options.folder)
        print("\n".join(mistakes))
        sys.exit(1 if mistakes else 0)
    elif options.verb == "ready":
        sys.exit(0 if lists_model(options.port, options.name, options.key) else 1)
    elif options.verb == "card":
        card = find_card(table, sys.stdin.read())
        if card is None:
            sys.exit(1)
        print(card)
    else:
        print_settings(table)


if __name__ == "__main__":
    main()
