"""
convert-model.py GGUF FOLDER: writes the folder that vLLM serves a Llama model from (configuration, tokenizer, weights in bfloat16).
Needs gguf, safetensors and transformers, which vLLM's environment has. The tokenizer is read from the same file.
"""

import json
import os
import sys

import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import save_file
from transformers import AutoTokenizer

PARTS = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
TOP = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}


def renamed(name):
    """The name of a tensor in the folder, and which part of a layer it is; None outside layers."""
    if name in TOP:
        return TOP[name], None
    _, layer, part, kind = name.split(".")
    return f"model.layers.{layer}.{PARTS[part]}.{kind}", part


def weights_of(reader, heads):
    """Every tensor under its new name. llama.cpp interleaves the halves of each head in q and k; this puts them apart again."""
    weights = {}
    for tensor in reader.tensors:
        shape = list(reversed(tensor.shape.tolist()))
        weight = torch.tensor(dequantize(tensor.data, tensor.tensor_type)).reshape(shape)
        name, part = renamed(tensor.name)
        if part in heads:
            pairs = weight.reshape(heads[part], weight.shape[0] // heads[part] // 2, 2, -1)
            weight = pairs.transpose(1, 2).reshape(weight.shape)
        weights[name] = weight.to(torch.bfloat16).contiguous()
    return weights


def main():
    source, folder = sys.argv[1:3]
    os.makedirs(folder, exist_ok=True)
    reader = GGUFReader(source)

    def field(name):
        return reader.fields[name].contents()

    heads, key_heads = field("llama.attention.head_count"), field("llama.attention.head_count_kv")
    weights = weights_of(reader, {"attn_q": heads, "attn_k": key_heads})
    save_file(weights, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    AutoTokenizer.from_pretrained(os.path.dirname(source), gguf_file=os.path.basename(source)).save_pretrained(folder)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": field("llama.embedding_length"),
        "intermediate_size": field("llama.feed_forward_length"),
        "num_hidden_layers": field("llama.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "vocab_size": len(weights["model.embed_tokens.weight"]),
        "max_position_embeddings": field("llama.context_length"),
        "rms_norm_eps": field("llama.attention.layer_norm_rms_epsilon"),
        "rope_theta": field("llama.rope.freq_base"),
        "hidden_act": "silu",
        "tie_word_embeddings": "lm_head.weight" not in weights,
        "bos_token_id": field("tokenizer.ggml.bos_token_id"),
        "eos_token_id": field("tokenizer.ggml.eos_token_id"),
        "torch_dtype": "bfloat16",
    }
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=1)


if __name__ == "__main__":
    main()
