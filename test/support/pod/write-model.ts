/** A downloaded model in small: its shape as the pod's table has it, two files of weights, and the notes that `hf` leaves beside them. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PodTable } from '../../../infra/pod/table.ts';

const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];

/** @param isCut the last file misses its end */
export function writeModel(folder: string, model: PodTable['models'][string], isCut = false): void {
  const notes = join(folder, '.cache/huggingface/download');
  mkdirSync(notes, { recursive: true });
  const config = {
    num_hidden_layers: model.layers,
    hidden_size: model.hidden,
    intermediate_size: model.intermediate,
    num_key_value_heads: model.kv_heads,
    ...(model.weights === 'awq' ? { quantization_config: { quant_method: 'awq' } } : {}),
  };
  const weightMap = Object.fromEntries(shards.map((shard, i) => [`w${i}`, shard]));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'tokenizer.json'), '{}');
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
  for (const [i, shard] of shards.entries()) {
    const note = join(notes, `${shard}.metadata`);
    // As the real one: what its own notes call complete is not fetched again, whatever became of it.
    if (existsSync(note) && existsSync(join(folder, shard))) continue;
    const header = Buffer.from(JSON.stringify({ [`w${i}`]: { dtype: 'BF16', shape: [512], data_offsets: [0, 1024] } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(join(folder, shard), Buffer.concat([length, header, Buffer.alloc(isCut && i === 1 ? 1000 : 1024)]));
    writeFileSync(note, 'commit\netag\n1\n');
  }
}
