/**
 * What remembering a conversation costs: calls to the session objects and rows written, by conversation and by turn, with the isolate's
 * copy and without it; and how long a turn waits for its memory. Workerd on this machine, so the object is in the same process: a
 * deployment adds the way to it.
 */
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import * as z from 'zod';
import { percentile } from '../../shared/units.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import type { Lab } from '../../infra/rig/lab.ts';
import { pause } from '../../infra/rig/waiting.ts';
import { withLab } from '../ledger/with-lab.ts';

const usage = `Counts what conversations cost in the session objects.

  node bench/routing/sessions.ts [--conversations N] [--turns N]
`;

const { values: options } = commandLine({
  name: 'node bench/routing/sessions.ts',
  help: usage,
  options: { conversations: { type: 'string', default: '100' }, turns: { type: 'string', default: '12' } },
});
const conversations = wholeNumber('conversations', options.conversations, { min: 1 });
const turns = wholeNumber('turns', options.turns, { min: 1 });

const tools = [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object' } } }];
/** Longer than an isolate keeps its copy of a named conversation. That of a history lasts as long as its row. */
const copyEndsMs = 61_000;
const hard = 'Prove that the algorithm terminates, analyze its complexity step by step, and derive a counterexample.';

type Messages = { role: string; content: string }[];

/** What each conversation's client has so far; the first words tell it from others. */
const histories = new Map<string, Messages>();

function next(name: string, isHard: boolean): Messages {
  const before = histories.get(name) ?? [];
  const words = before.length > 0 ? 'And now?' : `Hello, I am ${name}.${isHard ? ` ${hard}` : ''}`;
  return [...before, { role: 'user', content: words }];
}

const Answer = z.object({ choices: z.array(z.object({ message: z.object({ content: z.nullable(z.string()) }) })) });

async function send(lab: Lab, path: string, name: string, { hasTools, isHard, session }: Kind): Promise<number> {
  const startedAt = performance.now();
  const messages = next(name, isHard);
  const response = await fetch(lab.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${clientKey}`,
      'content-type': 'application/json',
      ...(session ? { 'x-session-id': name.replaceAll(/[^a-z0-9]+/gi, '-') } : {}),
    },
    body: JSON.stringify({ messages, max_tokens: 4, ...(hasTools ? { tools } : {}) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  const tookMs = performance.now() - startedAt;
  if (path === '/v1/chat/completions') {
    const content = Answer.parse(JSON.parse(text)).choices[0]?.message.content ?? '';
    histories.set(name, [...messages, { role: 'assistant', content }]);
  }
  return tookMs;
}

interface Kind {
  readonly hasTools: boolean;
  /** The first turn goes to the large tier. */
  readonly isHard: boolean;
  /** Named in the header. */
  readonly session: boolean;
}

interface Scenario extends Kind {
  readonly name: string;
  readonly turns: number;
  /** Every turn meets an isolate that has no copy. */
  readonly isForgotten: boolean;
}

interface Cost {
  readonly reads: number;
  readonly writes: number;
  readonly rows: number;
}

let offsetMs = 0;

async function run(lab: Lab, scenario: Scenario): Promise<Cost> {
  const { name, turns, isForgotten } = scenario;
  await lab.counts(true);
  for (let turn = 0; turn < turns; turn += 1) {
    if (isForgotten) await lab.clock((offsetMs += copyEndsMs));
    for (let at = 0; at < conversations; at += 10) {
      const some = Array.from({ length: Math.min(10, conversations - at) }, (_, i) => `${name} ${at + i}`);
      await Promise.all(some.map((one) => send(lab, '/v1/chat/completions', one, scenario)));
    }
    await pause(100);
  }
  const { calls, rows, alarms } = await lab.counts();
  return {
    reads: calls['SESSION.get'] ?? 0,
    writes: calls['SESSION.put'] ?? 0,
    rows: (rows['SessionObject'] ?? 0) + (alarms['SessionObject'] ?? 0),
  };
}

/** Median time of a decision with the isolate's copy and without it, in turn. */
async function wait(lab: Lab, rounds: number): Promise<{ withCopy: number; without: number }> {
  const timed: Kind = { hasTools: false, isHard: true, session: true };
  for (const name of ['somebody else', 'who is timed']) await send(lab, '/v1/chat/completions', name, timed);
  const times = { withCopy: new Array<number>(), without: new Array<number>() };
  for (let round = 0; round < rounds; round += 1) {
    await lab.clock((offsetMs += copyEndsMs));
    // The other copies of the isolate have run out as well: another conversation pays for those.
    await send(lab, '/v1/route', 'somebody else', timed);
    times.without.push(await send(lab, '/v1/route', 'who is timed', timed));
    times.withCopy.push(await send(lab, '/v1/route', 'who is timed', timed));
  }
  const median = (list: number[]): number =>
    percentile(
      list.toSorted((a, b) => a - b),
      50,
    ) ?? 0;
  return { withCopy: median(times.withCopy), without: median(times.without) };
}

const plain = { turns, hasTools: false, isHard: false, session: false, isForgotten: false };
const scenarios: Scenario[] = [
  { ...plain, name: 'one turn', turns: 1 },
  { ...plain, name: 'one hard turn', turns: 1, isHard: true },
  { ...plain, name: `${turns} turns, small` },
  { ...plain, name: `${turns} turns, large`, isHard: true },
  { ...plain, name: `${turns} turns, large, named`, isHard: true, session: true },
  { ...plain, name: `${turns} turns, large, named, every turn without a copy`, isHard: true, session: true, isForgotten: true },
];

await withLab({}, async (lab) => {
  await send(lab, '/v1/chat/completions', 'warm-up', plain);
  console.log('| conversation | reads | writes | rows | calls a turn |\n|---|---|---|---|---|');
  for (const scenario of scenarios) {
    const cost = await run(lab, scenario);
    const each = (count: number): string => (count / conversations).toFixed(2);
    const perTurn = ((cost.reads + cost.writes) / conversations / scenario.turns).toFixed(2);
    console.log(`| ${scenario.name} | ${each(cost.reads)} | ${each(cost.writes)} | ${each(cost.rows)} | ${perTurn} |`);
  }
  const { withCopy, without } = await wait(lab, 200);
  console.log(
    `\nA decision over loopback, median of 200: ${withCopy.toFixed(2)} ms with the copy, ${without.toFixed(2)} ms without.`,
  );
});
