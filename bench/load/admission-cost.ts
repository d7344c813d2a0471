/**
 * `npm run bench:admission`: what it costs a request to be admitted, by a place of the isolate's own lease, by asking the Durable Object,
 * or not at all; in workerd itself. The object lives in the same process here: in production the second way adds a network round trip.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import type { Engine } from '../../infra/standin/pacer.ts';
import { checkMachine, pinSelf } from '../../infra/rig/process-cpu.ts';
import { ratioOf, spreadOf } from '../cpu/statistics.ts';
import { readAnswer } from '../../infra/rig/chat-client.ts';
import { buildGateway } from '../../infra/rig/bundle.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { placesEngine } from './places-engine.ts';
import { progressBar } from './progress-bar.ts';
import { median } from './promise-table.ts';

const help = `What admission costs a request, in workerd itself. About a minute.

  npm run bench:admission -- [options]

  --rounds N     interleaved rounds, after one that is not counted (9)
  --requests N   requests a round and variant, one after the other (300)
  --json         print the result as JSON, without a progress bar
  --help

no admission   routing.admission.enabled: false
lease          the default: the isolate holds a block of places and renews it in the background
object         the model server reports that it is busy, so an isolate without spare places asks the object for every request

CPU is user and system time of the workerd process by requests, background work and probes included. Asserts nothing.`;

const { values } = commandLine({
  name: 'npm run bench:admission',
  help,
  options: {
    rounds: { type: 'string', default: '9' },
    requests: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
});

const rounds = wholeNumber('rounds', values.rounds, { min: 1 });
const requests = wholeNumber('requests', values.requests, { min: 1 });
const cap = 64;
/** Accounts and releases are written up to half a second after the answers: that is part of the price. */
const afterMs = 650;

interface Variant {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly isBusy: boolean;
}

const variants: readonly Variant[] = [
  { name: 'no admission', isEnabled: false, isBusy: false },
  { name: 'lease', isEnabled: true, isBusy: false },
  { name: 'object', isEnabled: true, isBusy: true },
];

interface Round {
  readonly p50Ms: number;
  readonly cpuMs: number;
}

checkMachine();
pinSelf();
const bundle = await buildGateway();
const bar = progressBar((rounds + 1) * variants.length, values.json);
const gateways: Rig[] = [];
const measured = new Map<Variant, Round[]>(variants.map((variant) => [variant, []]));
try {
  for (const variant of variants) gateways.push(await start(variant));
  for (let round = -1; round < rounds; round += 1) {
    // Every other round the other way round, so that none always runs first.
    const order = [...variants.entries()];
    for (const [index, variant] of round % 2 === 0 ? order : order.toReversed()) {
      const gateway = gateways[index];
      if (gateway === undefined) continue;
      const one = await oneRound(gateway);
      if (round >= 0) measured.get(variant)?.push(one);
      bar.step();
    }
  }
} finally {
  bar.end();
  for (const gateway of gateways) await gateway.stop();
  bundle.remove();
}
const base = measured.get(variants[0] ?? { name: '', isEnabled: false, isBusy: false }) ?? [];
const table = variants.map((variant) => {
  const own = measured.get(variant) ?? [];
  const [cpu, p50] = [own.map(({ cpuMs }) => cpuMs), own.map(({ p50Ms }) => p50Ms)];
  const cpuRatio = ratioOf(
    cpu,
    base.map(({ cpuMs }) => cpuMs),
  );
  return { variant: variant.name, p50Ms: spreadOf(p50), cpuMs: spreadOf(cpu), cpuRatio };
});
if (values.json) console.log(JSON.stringify(table, null, 2));
else {
  console.log(`${rounds} rounds of ${requests} requests, one after the other; median (range)\n`);
  for (const { variant, p50Ms, cpuMs, cpuRatio } of table) {
    console.log(
      `  ${variant.padEnd(14)}p50 ${show(p50Ms)} ms   CPU ${show(cpuMs)} ms a request   ${show(cpuRatio)} × no admission`,
    );
  }
}
process.exit(0);

function start({ isEnabled, isBusy }: Variant): Promise<Rig> {
  const engine = placesEngine({ places: cap, serviceMs: 0 });
  const busy: Engine = { ...engine, load: () => ({ running: cap - 1, waiting: 0, kvUsage: 0.5 }) };
  return startRig({
    on: bundle,
    fleet: {
      gate: false,
      models: [
        { id: 'small', servedName: 'Qwen/Qwen2.5-7B-Instruct', role: 'small', engine: isBusy ? busy : engine },
        { id: 'large', servedName: 'Qwen/Qwen2.5-32B-Instruct-AWQ', role: 'large' },
      ],
    },
    overrides: { models: { 'qwen2.5-7b': { max_in_flight: cap } }, routing: { admission: { enabled: isEnabled } } },
  });
}

async function oneRound(gateway: Rig): Promise<Round> {
  const cpuBefore = gateway.cpuMs();
  const took: number[] = [];
  for (let index = 0; index < requests; index += 1) {
    const messages = [{ role: 'user', content: `[[tokens:8]]Name harbour ${index}.` }];
    const answer = await gateway.open({ model: 'small', max_tokens: 60, messages }).answer;
    if (!readAnswer(answer).isSuccess) throw new Error(`a request failed: ${answer.status} ${answer.body}`);
    took.push(answer.tookMs);
  }
  await sleep(afterMs);
  return { p50Ms: median(took), cpuMs: (gateway.cpuMs() - cpuBefore) / requests };
}

function show({ median: middle, min, max }: ReturnType<typeof spreadOf>): string {
  return `${middle.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}
