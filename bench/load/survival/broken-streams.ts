/**
 * Streams that break off when the client has a part of them: cut, reset, stalled, ended with an error, in seeded runs. What each client
 * got is compared with what the model server says without the fault. The breaker is off, so that every run meets its fault.
 */
import type { FleetModel } from '../../../infra/standin/fleet.ts';
import { between, pick, type Random, seededRandom } from '../../../infra/standin/random.ts';
import { postChat, readAnswer, type ReadAnswer } from '../../../infra/rig/chat-client.ts';
import { upstreamKey } from '../../../infra/rig/connect.ts';
import { type Rig, startRig } from '../../../infra/rig/rig.ts';
import { figure, type PromiseRow, promise } from '../promise-table.ts';
import { inParallel } from '../../../infra/rig/waiting.ts';
import type { Scenario } from './scenario.ts';

const runs = 500;
const atATime = 12;
const idleMs = 400;

const small: FleetModel = { id: 'small', servedName: 'Qwen/Qwen2.5-7B-Instruct', role: 'small' };
const large: FleetModel = { id: 'large', servedName: 'Qwen/Qwen2.5-32B-Instruct-AWQ', role: 'large' };

/** Who stands by when the small model breaks off, and so what can become of the stream. */
interface Setup {
  readonly name: string;
  readonly large: FleetModel;
  readonly isLargeBroken: boolean;
  readonly expected: 'same_text' | 'error_event';
}

const setups: readonly Setup[] = [
  { name: 'the other model continues', large, isLargeBroken: false, expected: 'same_text' },
  { name: 'it rejects that and repeats', large: { ...large, rejectsPrefill: true }, isLargeBroken: false, expected: 'same_text' },
  {
    name: 'it rejects that and says something else',
    large: { ...large, rejectsPrefill: true, seed: 'another' },
    isLargeBroken: false,
    expected: 'error_event',
  },
  { name: 'it breaks off, too', large, isLargeBroken: true, expected: 'error_event' },
];

const faults = ['eof', 'mid-reset', 'mid-hang-up', 'cut-json', 'mid-error', 'mid-error-no-done', 'stall'] as const;

type Verdict = 'same_text' | 'error_event' | 'false_success' | 'unclear';

interface Run {
  readonly setup: Setup;
  readonly fault: (typeof faults)[number];
  readonly verdict: Verdict;
}

export const brokenStreams: Scenario = {
  name: 'broken-streams',
  title: 'a stream that breaks off is finished by the other model, or ends with an error event; never with a false success',
  async run(bundle) {
    const done: Run[] = [];
    for (const setup of setups) {
      const gateway = await startRig({ on: bundle, overrides, fleet: { gate: false, models: [small, setup.large] } });
      try {
        const count = runs / setups.length;
        await inParallel(count, atATime, async (index) => {
          done.push(await oneRun(gateway, setup, seededRandom('broken-streams', setup.name, String(index))));
        });
      } finally {
        await gateway.stop();
      }
    }
    return rowsOf(done);
  },
};

const overrides = {
  upstreams: { small: { timeouts_ms: { idle: idleMs } }, large: { timeouts_ms: { idle: idleMs } } },
  routing: { health: { breaker: { enabled: false } } },
};

async function oneRun(gateway: Rig, setup: Setup, random: Random): Promise<Run> {
  const fault = pick(random, faults);
  const words = `[[tokens:${between(random, 12, 120)}]]Tell me about harbour ${between(random, 1, 1_000_000)}.`;
  // A third of the answers would end at their token limit.
  const limit = random() < 1 / 3 ? { max_tokens: between(random, 10, 40) } : {};
  const body = (text: string, model: string) => ({ model, stream: true, messages: [{ role: 'user', content: text }], ...limit });
  const server = gateway.fleet.model('small');
  const whole = readAnswer(await postChat(server.url, body(words, server.servedName), { key: upstreamKey }).answer);
  // Two thirds of the way, or anywhere after the first word; the role comes in an event of its own.
  const after = random() < 0.5 ? Math.ceil((whole.textEvents * 2) / 3) + 1 : between(random, 2, whole.textEvents);
  const on = setup.isLargeBroken ? '' : ';on=small';
  const reading = readAnswer(await gateway.open(body(`[[fault:${fault};after=${after}${on}]]${words}`, 'small')).answer);
  return { setup, fault, verdict: judge(reading, whole) };
}

function judge(reading: ReadAnswer, whole: ReadAnswer): Verdict {
  if (reading.isSuccess) {
    return reading.text === whole.text && reading.finishReason === whole.finishReason ? 'same_text' : 'false_success';
  }
  const isExplicit = reading.errorCode !== null && !reading.isDone && reading.finishReason === null;
  return isExplicit && whole.text.startsWith(reading.text) ? 'error_event' : 'unclear';
}

function rowsOf(done: readonly Run[]): PromiseRow[] {
  const count = (verdict: Verdict, setup?: Setup): number =>
    done.filter((run) => run.verdict === verdict && (setup === undefined || run.setup === setup)).length;
  const falseOnes = done.filter(({ verdict }) => verdict === 'false_success' || verdict === 'unclear');
  return [
    figure('seeded runs', done.length),
    promise('false successes: cut, mended wrongly, or neither ended nor failed', falseOnes.length, '0', falseOnes.length === 0),
    ...setups.map((setup) => {
      const own = done.filter((run) => run.setup === setup);
      const met = count(setup.expected, setup);
      const goal = setup.expected === 'same_text' ? 'all whole, word for word' : 'all end with an error event';
      return promise(setup.name, `${met} of ${own.length}`, goal, met === own.length);
    }),
  ];
}
