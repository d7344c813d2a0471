/**
 * `npm run bench:flood`: well-formed made-up keys against a gateway whose real clients keep working. Counts the answers of the real ones, and
 * how often the object that stores all keys was asked.
 */
import { randomBytes } from 'node:crypto';
import { readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import { formatKey, keyRandomBytes } from '../../worker/core/auth/key-format.ts';
import { labOverrides } from '../../infra/rig/configs.ts';
import type { Lab } from '../../infra/rig/lab.ts';
import { withLab } from './with-lab.ts';

const help = `Floods a gateway with made-up API keys while real clients work.

  npm run bench:flood -- [options]

  --keys N        made-up keys, each used once (100000)
  --clients N     real clients, each with a key of its own (50)
  --json          the result as JSON
  --help

Ends non-zero when a real client gets anything but its answer.`;

export interface Flood {
  readonly madeUp: Readonly<Record<string, number>>;
  readonly real: Readonly<Record<string, number>>;
  /** Times that the object was asked for a key, per second. */
  readonly lookUpsPerSecond: number;
  readonly seconds: number;
}

/** Sent at the same time. */
const concurrency = 48;

export async function flood(lab: Lab, keys: number, clients: number): Promise<Flood> {
  const real = await Promise.all(Array.from({ length: clients }, async () => (await lab.makeKey()).key));
  const [madeUp, served] = [new Map<string, number>(), new Map<string, number>()];
  for (const key of real) count(served, await statusOf(lab, key));
  await lab.counts(true);
  const startedAt = performance.now();
  let sent = 0;
  let isOver = false;
  const flooding = Array.from({ length: concurrency }, async () => {
    while (sent < keys) {
      sent += 1;
      count(madeUp, await statusOf(lab, madeUpKey()));
    }
  });
  const working = real.map(async (key) => {
    while (!isOver) {
      count(served, await statusOf(lab, key));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });
  await Promise.all(flooding);
  isOver = true;
  await Promise.all(working);
  const seconds = (performance.now() - startedAt) / 1000;
  const { calls } = await lab.counts();
  return {
    madeUp: Object.fromEntries(madeUp),
    real: Object.fromEntries(served),
    lookUpsPerSecond: (calls['KEYS.find'] ?? 0) / seconds,
    seconds,
  };
}

function madeUpKey(): string {
  const made = formatKey('dev', new Uint8Array(randomBytes(keyRandomBytes)));
  if (!made.ok) throw new Error('a key could not be made up');
  return made.value.token;
}

async function statusOf(lab: Lab, key: string): Promise<string> {
  const body = { model: 'small', messages: [{ role: 'user', content: '[[tokens:3]]Name a harbour.' }], max_tokens: 10 };
  const response = await lab.chat(body, {}, { key });
  await response.arrayBuffer();
  return String(response.status);
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

async function main(): Promise<number> {
  const { values } = readCommandLine({
    name: 'npm run bench:flood',
    help,
    options: {
      keys: { type: 'string', default: '100000' },
      clients: { type: 'string', default: '50' },
      json: { type: 'boolean', default: false },
    },
  });
  const [keys, clients] = [wholeNumber('keys', values.keys), wholeNumber('clients', values.clients, { min: 1 })];
  const result = await withLab(labOverrides, (lab) => flood(lab, keys, clients));
  const failed = Object.entries(result.real).reduce((sum, [status, times]) => (status === '200' ? sum : sum + times), 0);
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else {
    const text = (counts: Readonly<Record<string, number>>) =>
      Object.entries(counts)
        .map(([status, times]) => `${times} × ${status}`)
        .join(', ');
    console.log(`\n  made-up keys: ${text(result.madeUp)}`);
    console.log(`  real clients: ${text(result.real)}; failed: ${failed}`);
    console.log(`  asked for keys: ${result.lookUpsPerSecond.toFixed(1)} times a second over ${result.seconds.toFixed(0)} s`);
  }
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) await runCommand(main);
