/**
 * What remembering a conversation costs: calls to the session objects and rows written, by conversation and by turn, with the isolate's
 * copy and without it; and how long a turn waits for its memory. Workerd on this machine, so the object is in the same process: a
 * deployment adds the way to it.
 */
import { parseArgs } from 'node:util';
import { percentile } from '../../shared/units.ts';
import { buildLab, labKey, startLab, type Lab } from '../ledger/lab.ts';

const usage = `Counts what conversations cost in the session objects.

  node bench/routing/sessions.ts [--conversations N] [--turns N]
`;

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    conversations: { type: 'string', default: '100' },
    turns: { type: 'string', default: '12' },
  },
});

const tools = [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object' } } }];
/** Longer than an isolate keeps its copy. */
const copyEndsMs = 61_000;

/** One conversation's messages at its n-th turn; the first words tell it from others. */
function turnOf(name: string, turn: number): { role: string; content: string }[] {
  const before = Array.from({ length: turn }, (_, at) => [
    { role: 'user', content: at === 0 ? `Hello, I am ${name}.` : `And ${at}?` },
    { role: 'assistant', content: 'Yes.' },
  ]);
  return [...before.flat(), { role: 'user', content: turn === 0 ? `Hello, I am ${name}.` : `And ${turn}?` }];
}

async function send(lab: Lab, path: string, name: string, turn: number, hasTools: boolean): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(lab.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${labKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: turnOf(name, turn), max_tokens: 4, ...(hasTools ? { tools } : {}) }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  await response.text();
  return performance.now() - startedAt;
}

interface Scenario {
  readonly name: string;
  readonly turns: number;
  readonly hasTools: boolean;
  /** Every turn meets an isolate that has no copy. */
  readonly isForgotten: boolean;
}

interface Cost {
  readonly reads: number;
  readonly writes: number;
  readonly rows: number;
}

let offsetMs = 0;

async function run(lab: Lab, { name, turns, hasTools, isForgotten }: Scenario, conversations: number): Promise<Cost> {
  await lab.counts(true);
  for (let turn = 0; turn < turns; turn += 1) {
    if (isForgotten) await lab.clock((offsetMs += copyEndsMs));
    for (let at = 0; at < conversations; at += 10) {
      const some = Array.from({ length: Math.min(10, conversations - at) }, (_, i) => `${name} ${at + i}`);
      await Promise.all(some.map((one) => send(lab, '/v1/chat/completions', one, turn, hasTools)));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
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
  const times = { withCopy: new Array<number>(), without: new Array<number>() };
  for (let round = 0; round < rounds; round += 1) {
    await lab.clock((offsetMs += copyEndsMs));
    // The other copies of the isolate have run out as well: another conversation pays for those.
    await send(lab, '/v1/route', 'somebody else', 1, true);
    times.without.push(await send(lab, '/v1/route', 'who is timed', 1, true));
    times.withCopy.push(await send(lab, '/v1/route', 'who is timed', 1, true));
  }
  const median = (list: number[]): number =>
    percentile(
      list.toSorted((a, b) => a - b),
      50,
    ) ?? 0;
  return { withCopy: median(times.withCopy), without: median(times.without) };
}

async function main(): Promise<void> {
  const conversations = Number(options.conversations);
  const turns = Number(options.turns);
  const scenarios: Scenario[] = [
    { name: 'one turn, no tools', turns: 1, hasTools: false, isForgotten: false },
    { name: `${turns} turns with tools, one isolate`, turns, hasTools: true, isForgotten: false },
    { name: `${turns} turns with tools, every turn without a copy`, turns, hasTools: true, isForgotten: true },
  ];
  const bundle = await buildLab();
  const lab = await startLab({ bundle, overrides: {} });
  try {
    await send(lab, '/v1/chat/completions', 'warm-up', 0, true);
    console.log('| conversation | reads | writes | rows | calls a turn |\n|---|---|---|---|---|');
    for (const scenario of scenarios) {
      const cost = await run(lab, scenario, conversations);
      const each = (count: number): string => (count / conversations).toFixed(2);
      const perTurn = ((cost.reads + cost.writes) / conversations / scenario.turns).toFixed(2);
      console.log(`| ${scenario.name} | ${each(cost.reads)} | ${each(cost.writes)} | ${each(cost.rows)} | ${perTurn} |`);
    }
    const { withCopy, without } = await wait(lab, 200);
    console.log(
      `\nA decision over loopback, median of 200: ${withCopy.toFixed(2)} ms with the copy, ${without.toFixed(2)} ms without.`,
    );
  } finally {
    await lab.stop();
    bundle.remove();
  }
}

if (options.help) process.stdout.write(usage);
else await main();
