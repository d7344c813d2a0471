/**
 * `npm run bench:json`: the cost per character of the core's two incremental JSON readers, in Node, and what each would cost in place of the
 * other, which is why there are two (docs/decisions/0009-rooms.md).
 */
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import { createJsonDocument } from '../../worker/core/json/document.ts';
import { createJsonScan, type JsonListener } from '../../worker/core/json/scan.ts';
import { scanJson } from '../../worker/core/json/scanner.ts';

const help = `CPU nanoseconds per character of reading the arguments of a call, in pieces as models write them; the least of all rounds.

  npm run bench:json -- [options]

  --rounds N    (60)
  --help`;

const { values } = commandLine({ name: 'npm run bench:json', help, options: { rounds: { type: 'string', default: '60' } } });
const rounds = wholeNumber('rounds', values.rounds, { min: 1 });
const readsPerRound = 40;

const text = JSON.stringify({
  query: 'select * from orders where note = "late" and total > 4',
  limit: 25,
  share: 0.5,
  isStrict: true,
  after: null,
  tags: ['a', 'b', 'c'],
  body: 'Lorem ipsum dolor sit amet, consectetur adipiscing elit.\n'.repeat(8),
  rows: Array.from({ length: 12 }, (_, id) => ({ id, name: `row ${id}`, score: id / 7 })),
});

type Read = (pieces: readonly string[]) => string;

function scanAs(reaction: 'take' | 'skip'): Read {
  return (pieces) => {
    let taken = '';
    const onText = (piece: string): void => {
      taken += piece;
    };
    const listener: JsonListener = { onValue: () => reaction, onKey: () => true, onText, onEnd: () => true };
    const scan = createJsonScan();
    for (const piece of pieces) scanJson(scan, listener, piece, 0);
    return scan.status === 'done' && reaction === 'skip' ? text : taken;
  };
}

const readDocument: Read = (pieces) => {
  const yes = (): boolean => true;
  const document = createJsonDocument({ begin: yes, key: yes, scalar: yes, close: yes, fail: () => false });
  return pieces.map((piece) => document.read(piece, 0).emit).join('');
};

const readers: Readonly<Record<string, Read>> = {
  'scanner, text handed over': scanAs('take'),
  'scanner, text skipped': scanAs('skip'),
  document: readDocument,
};

function nanoseconds(read: Read, pieces: readonly string[]): number {
  const before = process.cpuUsage();
  for (let at = 0; at < readsPerRound; at += 1) if (read(pieces) !== text) throw new Error('not what was written');
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / readsPerRound / text.length;
}

for (const size of [4, 16, text.length]) {
  const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
  const least = new Map(Object.keys(readers).map((name) => [name, Number.POSITIVE_INFINITY]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, read] of Object.entries(readers))
      least.set(name, Math.min(least.get(name) ?? 0, nanoseconds(read, pieces)));
  }
  const cells = [...least].map(([name, value]) => `${name} ${value.toFixed(1)}`);
  console.log(`${size === text.length ? 'whole' : `${size} characters a piece`}: ${cells.join(', ')} ns a character`);
}
