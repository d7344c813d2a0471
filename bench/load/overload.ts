/**
 * `npm run bench:overload`: five times what the model server can take, in workerd itself, the model server being the bottleneck: what is
 * still answered, how fast the rest is turned away, whether anybody is lost, and whether two keys get what their weights say.
 */
import { commandLine, decimalNumber, wholeNumber } from '../../infra/command-line.ts';
import { seededRandom } from '../../infra/standin/random.ts';
import { pinSelf } from '../../infra/rig/process-cpu.ts';
import { get, readAnswer } from '../../infra/rig/chat-client.ts';
import { buildGateway } from '../../infra/rig/bundle.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { type KeyName, overloadRows, type Sent, weights } from './overload-rows.ts';
import { placesEngine } from './places-engine.ts';
import { progressBar } from './progress-bar.ts';
import { brokenPromises, figure, type PromiseRow, tableOf } from './promise-table.ts';

const help = `Overload in workerd itself, a model server with fixed places being the bottleneck.

  npm run bench:overload -- [options]

  --seconds N            how long (60)
  --factor N             offered load, in multiples of the peak that was measured before (5)
  --places N             places of the model server, and the model's max_in_flight (16)
  --service-ms N         how long an answer holds its place (500)
  --isolates N           isolates that share the load and the objects (1)
  --without-admission    the same with routing.admission.enabled: false, for comparison; judges nothing
  --json                 print the result as JSON, without a progress bar
  --help

Two keys send: a heavy one four fifths of the requests, with weight 1, and a light one the rest, with weight 3. Both ask for more than their
share. Goodput counts usable answers within ${10} s. Ends with 1 when a promise is broken.`;

const { values } = commandLine({
  name: 'npm run bench:overload',
  help,
  options: {
    seconds: { type: 'string', default: '60' },
    factor: { type: 'string', default: '5' },
    places: { type: 'string', default: '16' },
    'service-ms': { type: 'string', default: '500' },
    isolates: { type: 'string', default: '1' },
    'without-admission': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const atLeastOne = { min: 1 };
const seconds = wholeNumber('seconds', values.seconds, atLeastOne);
const factor = decimalNumber('factor', values.factor);
const places = wholeNumber('places', values.places, atLeastOne);
const serviceMs = wholeNumber('service-ms', values['service-ms'], atLeastOne);
const isolates = wholeNumber('isolates', values.isolates, atLeastOne);
const hasAdmission = !values['without-admission'];
const patienceMs = 10_000;
const peakSeconds = Math.min(10, seconds);
/** The first part of the overload is not counted: goodput is that of the steady state. */
const settleMs = Math.min(3000, (seconds * 1000) / 4);
const livezPerSecond = 20;
const lightShare = 0.2;

pinSelf();
const bundle = await buildGateway();
const gateway = await startRig({
  on: bundle,
  isolates,
  fleet: {
    gate: false,
    models: [
      { id: 'small', servedName: 'Qwen/Qwen2.5-7B-Instruct', role: 'small', engine: placesEngine({ places, serviceMs }) },
      { id: 'large', servedName: 'Qwen/Qwen2.5-32B-Instruct-AWQ', role: 'large' },
    ],
  },
  overrides: {
    upstreams: { small: { timeouts_ms: { connect: 120_000, first_event: 120_000 } } },
    models: { 'qwen2.5-7b': { max_in_flight: places } },
    routing: {
      chains: { 'qwen2.5-7b': [] },
      admission: {
        enabled: hasAdmission,
        plans: { heavy: { weight: weights.heavy, priority: 1 }, light: { weight: weights.light, priority: 1 } },
      },
    },
  },
});
const bar = progressBar(peakSeconds + seconds, values.json);
let ticks = 0;
const ticking = setInterval(() => {
  if (ticks < peakSeconds + seconds) bar.step();
  ticks += 1;
}, 1000);
let rows: readonly PromiseRow[];
try {
  const [heavy, light] = [await gateway.makeKey({ plan: 'heavy' }), await gateway.makeKey({ plan: 'light' })];
  const keys = { heavy: heavy.key, light: light.key };
  const peak = await measurePeak(gateway, keys.heavy);
  const cpuBefore = gateway.cpuMs();
  const { sent, livez } = await overload(gateway, keys, peak * factor);
  const cpuShare = (gateway.cpuMs() - cpuBefore) / (seconds * 1000);
  const measured = overloadRows({ places, serviceMs, seconds, settleMs, peak, sent, livez, cpuShare });
  rows = hasAdmission ? measured : measured.map((row) => figure(row.what, row.figure));
} finally {
  clearInterval(ticking);
  bar.end();
  await gateway.stop();
  bundle.remove();
}
if (values.json) console.log(JSON.stringify(rows, null, 2));
else console.log(tableOf(`${factor} × overload for ${seconds} s${hasAdmission ? '' : ', without admission'}`, rows));
process.exit(brokenPromises(rows).length > 0 ? 1 : 0);

/** Usable answers a second with as many clients as there are places and seats: more cannot be had. */
async function measurePeak(target: Rig, key: string): Promise<number> {
  const startedAtMs = performance.now();
  const fromMs = startedAtMs + settleMs / 2;
  const untilMs = startedAtMs + peakSeconds * 1000;
  let answered = 0;
  const client = async (index: number): Promise<void> => {
    for (let time = 0; performance.now() < untilMs; time += 1) {
      const { isSuccess } = readAnswer(await isolateOf(target, index).open(chatBody(time), { key }).answer);
      if (isSuccess && performance.now() >= fromMs && performance.now() < untilMs) answered += 1;
    }
  };
  await Promise.all(Array.from({ length: 2 * places }, (_, index) => client(index)));
  return (answered * 1000) / (untilMs - fromMs);
}

/** Requests at random times (Poisson, seeded), independent of earlier answers, and `/livez` beside them. */
async function overload(target: Rig, keys: Readonly<Record<KeyName, string>>, perSecond: number) {
  const random = seededRandom('overload');
  const startedAtMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedAtMs;
  const sent: Promise<Sent>[] = [];
  const livez: Promise<number>[] = [];
  let [nextAtMs, nextLivezAtMs] = [0, 0];
  while (elapsedMs() < seconds * 1000) {
    for (; nextAtMs <= elapsedMs(); nextAtMs += (-Math.log(1 - random()) * 1000) / perSecond) {
      const key = random() < lightShare ? 'light' : 'heavy';
      sent.push(sendOne(isolateOf(target, sent.length), key, keys[key], elapsedMs(), sent.length));
    }
    for (; nextLivezAtMs <= elapsedMs(); nextLivezAtMs += 1000 / livezPerSecond) {
      livez.push(get(target.url, '/livez').then(({ tookMs }) => tookMs));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { sent: await Promise.all(sent), livez: await Promise.all(livez) };
}

async function sendOne(target: Pick<Rig, 'open'>, key: KeyName, secret: string, atMs: number, index: number): Promise<Sent> {
  const answer = await target.open(chatBody(index), { key: secret }).answer;
  const { status, tookMs, headers } = answer;
  const facts = { key, atMs, tookMs, retryAfter: headers['retry-after'] };
  if (status === 0) return { ...facts, outcome: 'lost' };
  const { isSuccess, errorCode } = readAnswer(answer);
  if (isSuccess) return { ...facts, outcome: tookMs <= patienceMs ? 'answered' : 'late' };
  if (status === 200) return { ...facts, outcome: 'false_success' };
  return { ...facts, outcome: status === 503 && errorCode === 'queue_full' ? 'shed' : 'error' };
}

function isolateOf(target: Rig, index: number): Pick<Rig, 'open'> {
  return target.isolates[index % target.isolates.length] ?? target;
}

/** Half of them streams. */
function chatBody(index: number): Record<string, unknown> {
  const messages = [{ role: 'user', content: `[[tokens:16]]Name harbour ${index}.` }];
  return { model: 'small', max_tokens: 60, stream: index % 2 === 0, messages };
}
