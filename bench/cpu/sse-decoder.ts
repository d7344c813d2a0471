/**
 * CPU of decoding server-sent events: this project's decoder against `eventsource-parser`, fed the same text in the same process.
 * Prints microseconds per event; parsing the JSON inside is not part of it.
 */
import { createParser } from 'eventsource-parser';
import { commandLine } from '../../infra/command-line.ts';
import { createEventDecoder } from '../../worker/core/sse/decode-events.ts';

const help = `Decodes a stream of chat chunks, one token each, and prints microseconds per event.

Usage: node bench/cpu/sse-decoder.ts [--rounds 9] [--events 200000]

  --rounds   interleaved rounds; every round runs each decoder once on each shape
  --events   events per run

Shapes: "1 per piece" and "8 per piece" are what a model server sends for one and eight tokens at a time; "cut" ends pieces inside events.`;

const { values: options } = commandLine({
  name: 'npm run bench:sse',
  help,
  options: {
    rounds: { type: 'string', default: '9' },
    events: { type: 'string', default: '200000' },
  },
});

const tokens = ['Bon', 'jour', ' the', ' quick', ' brown', ' fox', ' 42', ' 🌍'];

function frame(index: number): string {
  const token = JSON.stringify(tokens[index % tokens.length]);
  return `data: {"id":"chatcmpl-8d7c0b7e5f5a4b0c9b1f6f0d2a3c4e5f","object":"chat.completion.chunk","created":1770000000,"model":"qwen2.5-7b","choices":[{"index":0,"delta":{"content":${token}},"logprobs":null,"finish_reason":null,"token_ids":null}]}\n\n`;
}

/** Strings as a TextDecoder makes them, not slices that share one long text. */
function decoded(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

function pieces(perPiece: number): string[] {
  return Array.from({ length: 256 }, (_item, at) =>
    decoded(Array.from({ length: perPiece }, (_frame, index) => frame(at * perPiece + index)).join('')),
  );
}

function cutPieces(): string[] {
  const text = pieces(1).join('');
  const size = Math.ceil(text.length / 256);
  return Array.from({ length: 256 }, (_item, at) => decoded(text.slice(at * size, (at + 1) * size)));
}

const decoders: Readonly<Record<string, (all: readonly string[], times: number) => number>> = {
  ours(all, times) {
    const decoder = createEventDecoder({ maxEventBytes: 1_048_576 });
    let characters = 0;
    for (let time = 0; time < times; time += 1) {
      for (const piece of all) for (const payload of decoder.feed(piece).payloads) characters += payload.length;
    }
    return characters;
  },
  'eventsource-parser'(all, times) {
    let characters = 0;
    const parser = createParser({ maxBufferSize: 1_048_576, onEvent: ({ data }) => (characters += data.length) });
    for (let time = 0; time < times; time += 1) for (const piece of all) parser.feed(piece);
    return characters;
  },
};

const shapes: readonly (readonly [string, number, readonly string[]])[] = [
  ['1 per piece', 256, pieces(1)],
  ['8 per piece', 2048, pieces(8)],
  ['cut', 256, cutPieces()],
];

const median = (sorted: readonly number[]): number => sorted[sorted.length >> 1] ?? Number.NaN;

const results = new Map<string, number[]>();
const sums = new Map<string, number>();
for (let round = -1; round < Number(options.rounds); round += 1) {
  for (const [shape, perPass, all] of shapes) {
    const names = Object.keys(decoders);
    // Every other round the other way round, so that neither always runs first.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const times = Math.max(1, Math.round(Number(options.events) / perPass));
      const startedAt = performance.now();
      const characters = decoders[name]?.(all, times) ?? 0;
      const microseconds = ((performance.now() - startedAt) * 1000) / (times * perPass);
      if ((sums.get(shape) ?? characters) !== characters) throw new Error(`${name} decoded other text for ${shape}`);
      sums.set(shape, characters);
      const key = `${shape} | ${name}`;
      // Round -1 warms up.
      if (round >= 0) results.set(key, [...(results.get(key) ?? []), microseconds]);
    }
  }
}

console.log('shape | decoder | µs per event, median | range');
for (const [key, values] of results) {
  const sorted = [...values].sort((a, b) => a - b);
  console.log(`${key} | ${median(sorted).toFixed(3)} | ${sorted[0]?.toFixed(3)}-${sorted.at(-1)?.toFixed(3)}`);
}
for (const [shape] of shapes) {
  const ours = results.get(`${shape} | ours`) ?? [];
  const theirs = results.get(`${shape} | eventsource-parser`) ?? [];
  const ratios = ours.map((value, index) => value / (theirs[index] ?? Number.NaN)).sort((a, b) => a - b);
  console.log(
    `${shape}: ours / eventsource-parser, per round: ${median(ratios).toFixed(2)} (${ratios[0]?.toFixed(2)}-${ratios.at(-1)?.toFixed(2)})`,
  );
}
