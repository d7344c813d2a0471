/**
 * `npm run bench:vectors`: the collection object with as many vectors as it may have, in workerd: what a search takes, cold and warm, what memory it
 * holds, what happens at the limit; and what rounding to eight bits costs of what floats would find. Linux only.
 */
import { readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import { buildObject } from '../../infra/rig/bundle.ts';
import { checkMachine, pinSelf } from '../../infra/rig/process-cpu.ts';
import { serveWorkerd, type Workerd } from '../../infra/rig/workerd.ts';
import { nearest } from '../../worker/core/rag/nearest.ts';
import { quantise } from '../../worker/core/rag/quantise.ts';
import { percentileOf } from '../load/promise-table.ts';
import { randomVectors } from './random-vectors.ts';

const help = `Measures a collection's vectors.

  npm run bench:vectors -- [options]

  --vectors N      in the collection (50000)
  --dimensions N   of each (384)
  --searches N     (200)
  --help`;

const passages = 20;
const perPut = 50;

async function main(): Promise<void> {
  const { values } = readCommandLine({
    name: 'npm run bench:vectors',
    help,
    options: {
      vectors: { type: 'string', default: '50000' },
      dimensions: { type: 'string', default: '384' },
      searches: { type: 'string', default: '200' },
    },
  });
  const vectors = wholeNumber('vectors', values.vectors, { min: 1000 });
  const dimensions = wholeNumber('dimensions', values.dimensions, { min: 2 });
  const searches = wholeNumber('searches', values.searches, { min: 10 });
  checkMachine();
  pinSelf();
  const bundle = await buildObject('worker/objects/collection-object.ts', 'CollectionObject', 'bench/rag/collection-driver.ts');
  const workerd = await serveWorkerd(bundle);
  try {
    await measure(workerd, { vectors, dimensions, searches });
  } finally {
    await workerd.stop();
    bundle.remove();
  }
  recall(Math.min(vectors, 20_000), dimensions);
}

interface Wanted {
  readonly vectors: number;
  readonly dimensions: number;
  readonly searches: number;
}

async function measure(workerd: Workerd, { vectors, dimensions, searches }: Wanted): Promise<void> {
  const ask = async (
    path: string,
    order: object = {},
  ): Promise<{ readonly answer: Record<string, unknown>; readonly ms: number }> => {
    const startedAt = performance.now();
    const body = JSON.stringify({ dimensions, limit: vectors, ...order });
    const response = await fetch(`${workerd.urls[0]}${path}`, { method: 'POST', body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${text}`);
    return { answer: JSON.parse(text), ms: performance.now() - startedAt };
  };
  await ask('/counts');
  const emptyBytes = workerd.residentBytes();
  const documents = vectors / passages;
  const puts: number[] = [];
  for (let from = 0; from < documents; from += perPut)
    puts.push((await ask('/put', { from, documents: Math.min(perPut, documents - from), passages })).ms);
  const { answer: counts } = await ask('/counts');
  console.log(`${counts['chunks']} vectors of ${dimensions} dimensions, in ${counts['documents']} documents`);
  console.log(
    `  put ${perPut} documents of ${passages} passages: p50 ${ms(percentileOf(puts, 50))}, longest ${ms(Math.max(...puts))}`,
  );

  const floors: number[] = [];
  const times: number[] = [];
  await ask('/search', { seed: 1 });
  const cpuBefore = workerd.cpuMs();
  for (let seed = 1; seed <= searches; seed += 1) times.push((await ask('/search', { seed })).ms);
  const cpu = (workerd.cpuMs() - cpuBefore) / searches;
  for (let seed = 1; seed <= searches; seed += 1) floors.push((await ask('/counts')).ms);
  console.log(
    `  search, warm: p50 ${ms(percentileOf(times, 50))}, p99 ${ms(percentileOf(times, 99))}, CPU ${ms(cpu)} each; a call that asks nothing p50 ${ms(percentileOf(floors, 50))}`,
  );

  await workerd.restart();
  await ask('/counts');
  const beforeBytes = workerd.residentBytes();
  const cold = await ask('/search', { seed: 7 });
  const loadedBytes = workerd.residentBytes();
  console.log(`  search, the first after a start: ${ms(cold.ms)}, all vectors read from SQLite`);
  const evicted: number[] = [];
  for (let seed = 1; seed <= 5; seed += 1) {
    await ask('/evict');
    evicted.push((await ask('/search', { seed })).ms);
  }
  console.log(`  search, the first after an eviction: p50 ${ms(percentileOf(evicted, 50))}`);
  const loaded = (vectors * (dimensions + 12)) / 1e6;
  console.log(
    `  memory: vectors ${loaded.toFixed(1)} MB; workerd ${mb(emptyBytes)} empty, ${mb(beforeBytes)} after a start, ${mb(loadedBytes)} with the vectors read, ${mb(workerd.residentBytes())} after five more objects that came and went; an isolate may have 128 MB`,
  );

  const { answer: refused } = await ask('/put', { from: documents, documents: 1, passages: 1 });
  const { answer: after } = await ask('/counts');
  console.log(`  one more: ${JSON.stringify(refused)}; afterwards ${JSON.stringify(after)}`);
  const removed = await ask('/remove', { from: 3 });
  const { answer: left } = await ask('/search', { seed: 3 });
  console.log(
    `  deleting a document of ${passages} passages: ${ms(removed.ms)}; the next search compares ${left['compared']} vectors`,
  );
  if (refused['kind'] !== 'full' || after['chunks'] !== vectors || left['compared'] !== vectors - passages) process.exitCode = 1;
}

/** What of the ten nearest by floats is among the ten nearest by eight bits. */
function recall(count: number, dimensions: number): void {
  const vectors = randomVectors(count, dimensions, 4711);
  const table = { dimensions, count, values: new Int8Array(count * dimensions), scales: new Float32Array(count) };
  for (const [at, vector] of vectors.entries()) {
    const quantised = quantise(vector);
    table.values.set(quantised.values, at * dimensions);
    table.scales[at] = quantised.scale;
  }
  let kept = 0;
  let first = 0;
  let largest = 0;
  const questions = randomVectors(100, dimensions, 4712);
  for (const question of questions) {
    const exact = vectors
      .map((vector, at) => ({ at, score: vector.reduce((sum, value, place) => sum + value * (question[place] ?? 0), 0) }))
      .toSorted((a, b) => b.score - a.score);
    const found = nearest(table, question, 10);
    const wanted = new Set(exact.slice(0, 10).map(({ at }) => at));
    kept += found.filter(({ at }) => wanted.has(at)).length;
    first += found[0]?.at === exact[0]?.at ? 1 : 0;
    for (const { at, score } of found)
      largest = Math.max(largest, Math.abs(score - (exact.find((one) => one.at === at)?.score ?? 0)));
  }
  console.log(`recall of eight bits against floats, ${count} random vectors, ${questions.length} questions:`);
  console.log(
    `  ${((kept / questions.length) * 10).toFixed(1)} % of the ten nearest, ${first} % of the nearest; the largest difference of a cosine ${largest.toFixed(4)}`,
  );
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

if (import.meta.main) await runCommand(main);
