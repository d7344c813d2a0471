/**
 * `npm run bench:agents`: fifty agents at work on a seeded workload with tier labels, three times: routed, always large, always small. Through
 * the gateway in workerd before two model servers on one modelled A40, or against a real deployment.
 */
import { compileConfigs } from '../../infra/config/compile.ts';
import { commandLine, decimalNumber, runCommand, UsageError, wholeNumber } from '../../infra/command-line.ts';
import { buildGateway } from '../../infra/rig/bundle.ts';
import { a40 } from '../../infra/standin/gpu/cost-model.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import { picoUsdPerToken } from '../../shared/units.ts';
import { aligned } from '../load/columns.ts';
import { progressBar } from '../load/progress-bar.ts';
import { brokenPromises, tableOf } from '../load/promise-table.ts';
import { type Arm, type ArmResult, type PlayPlan, playArm, runArm } from './arms.ts';
import { armFigures, byKind, digestOf, pricesOf, type Tiers } from './figures.ts';
import { writeFiles } from './files.ts';
import { armRows, kindRows, lag, promises, timedRows } from './report.ts';
import { priceRows, timingRows } from './sensitivity.ts';
import { timedArms } from './timed.ts';
import { drawWorkload, requestsOf } from './workload/draw.ts';

const help = `Fifty agents with tools, JSON, long documents and pauses, on a seeded workload whose requests are labelled small or large.
Three arms on the same workload: routed (auto), always large, always small. About four minutes.

  npm run bench:agents -- [options]

  --seed S             of the workload (1)
  --agents N           at the same time (50)
  --requests N         at least; conversations are drawn whole (600)
  --think-seconds N    median pause before a turn (25)
  --large-weight X     factor on how often large kinds of tasks are drawn (1)
  --open RATE          RATE conversations a second begin on their own, whoever still waits; else an agent begins its next after its last
  --compression N      so many seconds of the card pass in one of the clock (12); latencies are in the card's seconds
  --arms A,B           of routed, large, small (all)
  --sensitivity        what other cards, loads, mixes and prices would change, in simulated time
  --out DIR            where result.json and the charts go (tmp/agents)
  --json               print the result as JSON, without a progress bar
  --help

Against a deployment, in real time and without GPU seconds:

  --url U --key K      its address and a key for all models
  --large M, --small M names of the two models (qwen2.5-32b, qwen2.5-7b)
  --prices S,L         USD per million tokens of the small and the large one (as configured: 0.10,0.80)

The card is a model (infra/standin/gpu): the maker's peaks, assumed efficiencies, vLLM's scheduler. Ends with 1 when a promise is broken.`;

const { values } = commandLine({
  name: 'npm run bench:agents',
  help,
  options: {
    seed: { type: 'string', default: '1' },
    agents: { type: 'string', default: '50' },
    requests: { type: 'string', default: '600' },
    'think-seconds': { type: 'string', default: '25' },
    'large-weight': { type: 'string', default: '1' },
    open: { type: 'string' },
    compression: { type: 'string' },
    arms: { type: 'string', default: 'routed,large,small' },
    sensitivity: { type: 'boolean', default: false },
    out: { type: 'string', default: 'tmp/agents' },
    json: { type: 'boolean', default: false },
    url: { type: 'string' },
    key: { type: 'string' },
    large: { type: 'string', default: 'qwen2.5-32b' },
    small: { type: 'string', default: 'qwen2.5-7b' },
    prices: { type: 'string' },
  },
});

function tiers(): Tiers {
  const { large, small } = values;
  return { ids: { large, small }, picoUsd: { small: priceOf(small, 0), large: priceOf(large, 1) } };
}

function priceOf(id: string, at: number): { input: number; output: number } {
  if (values.prices !== undefined) {
    const usd = decimalNumber('prices', values.prices.split(',')[at] ?? '');
    return { input: picoUsdPerToken(usd), output: picoUsdPerToken(usd) };
  }
  const price = compileConfigs(`${repoFolder}configs`).profiles['a40-pair']?.models[id]?.price;
  if (price === undefined) throw new UsageError(`No price is configured for ${id}: give --prices SMALL,LARGE.`);
  return { input: picoUsdPerToken(price.input_per_million_usd), output: picoUsdPerToken(price.output_per_million_usd ?? 0) };
}

function wantedArms(): Arm[] {
  const all: Record<string, Arm> = {
    routed: { name: 'routed', model: 'auto' },
    large: { name: 'always large', model: values.large },
    small: { name: 'always small', model: values.small },
  };
  return values.arms.split(',').map((name) => {
    const arm = all[name];
    if (arm === undefined) throw new UsageError(`--arms ${name}: expected some of ${Object.keys(all).join(', ')}.`);
    return arm;
  });
}

async function play(arms: readonly Arm[], plan: PlayPlan): Promise<ArmResult[]> {
  const { url, key } = values;
  const results: ArmResult[] = [];
  if (url !== undefined) {
    if (key === undefined) throw new UsageError('--url needs --key.');
    const target = { url: url.replace(/\/$/, ''), key };
    for (const arm of arms) results.push({ ...(await playArm(target, arm, plan)), cardMs: null, ledger: null });
    return results;
  }
  const bundle = await buildGateway();
  try {
    for (const arm of arms) results.push(await runArm(bundle, a40, arm, plan));
  } finally {
    bundle.remove();
  }
  return results;
}

function load() {
  const atLeastOne = { min: 1 };
  const agents = drawWorkload({
    seed: values.seed,
    agents: wholeNumber('agents', values.agents, atLeastOne),
    requests: wholeNumber('requests', values.requests, atLeastOne),
    largeWeight: decimalNumber('large-weight', values['large-weight']),
    thinkMs: 1000 * decimalNumber('think-seconds', values['think-seconds']),
  });
  return {
    agents,
    planned: agents.flatMap(({ tasks }) => tasks).reduce((sum, task) => sum + requestsOf(task), 0),
    compression: decimalNumber('compression', values.compression ?? (values.url === undefined ? '12' : '1'), 0.1),
    openRate: values.open === undefined ? null : decimalNumber('open', values.open, 0.001),
  };
}

type Load = ReturnType<typeof load>;

function judge(results: readonly ArmResult[], { agents, planned, compression, openRate }: Load) {
  const of = tiers();
  const arms = results.map((result) => armFigures(result, planned, of));
  const judged = results.find(({ arm }) => arm.name === 'routed') ?? results[0];
  if (judged === undefined) throw new UsageError('--arms: name at least one.');
  const { outcomes } = judged;
  const { perfect, large } = pricesOf(outcomes, of);
  const routedNanoUsd = arms.find(({ name }) => name === judged.arm.name)?.costNanoUsd ?? 0;
  const savings = { allLargeNanoUsd: large, perfectNanoUsd: perfect, routedNanoUsd };
  const kinds = byKind(outcomes, of);
  const timed = values.url === undefined && openRate === null ? timedArms(agents, outcomes, of) : [];
  const sensitivity = values.sensitivity ? { timing: timingRows(agents, outcomes, of), prices: priceRows(outcomes, of) } : null;
  return {
    options: { seed: values.seed, agents: agents.length, requests: planned, compression, openRate },
    digest: digestOf(outcomes, of),
    arms,
    timed,
    savings,
    kinds,
    promises: promises({ arms, timed, kinds, savings }),
    sensitivity,
    outcomes,
  };
}

function print({ options, arms, timed, savings, kinds, promises: rows, sensitivity, digest }: ReturnType<typeof judge>): void {
  const { requests, agents, seed, openRate, compression } = options;
  const how = openRate === null ? 'closed loop' : `open loop, ${openRate} conversations a second`;
  console.log(`\n${requests} requests of ${agents} agents, seed ${seed}, ${how}, compressed ${compression} times`);
  const tables = [armRows(arms, savings), timed.length === 0 ? [] : timedRows(timed), kindRows(kinds)];
  for (const table of tables.filter(({ length }) => length > 0)) console.log(`${aligned(table)}\n`);
  const behind = lag(arms, timed);
  if (behind > 1.25)
    console.log(
      `  An arm took ${behind.toFixed(1)} times as long as its card: this machine is too busy. The latencies of the first table are its own.\n`,
    );
  console.log(tableOf('promises', rows));
  if (sensitivity !== null) console.log(`\n${aligned(sensitivity.timing)}\n\n${aligned(sensitivity.prices)}`);
  console.log(`\ndecisions and costs: ${digest}. Files: ${values.out}`);
}

await runCommand(async () => {
  const arms = wantedArms();
  const { agents, planned, compression, openRate } = load();
  const bar = progressBar(planned * arms.length, values.json);
  const results = await play(arms, { agents, compression, openRate, onOutcome: () => bar.step() });
  bar.end();
  const result = judge(results, { agents, planned, compression, openRate });
  writeFiles(values.out, result);
  if (values.json) console.log(JSON.stringify({ ...result, outcomes: undefined }, null, 2));
  else print(result);
  return brokenPromises(result.promises).length > 0 ? 1 : 0;
});
