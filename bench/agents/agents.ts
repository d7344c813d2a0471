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
import { type Arm, type ArmResult, type PlayPlan, runArm } from './arms.ts';
import { readDeployment, runAt } from './deployment.ts';
import { armFigures, byKind, digestOf, pricesOf, type Tiers } from './figures.ts';
import { writeFiles } from './files.ts';
import { type Kept, readKept } from './kept.ts';
import { armRows, kindRows, lag, promises, shortcomingRows, timedRows } from './report.ts';
import { layoutRows, priceRows, timingRows } from './sensitivity.ts';
import { timedArms } from './timed.ts';
import { type AgentPlan, drawWorkload, requestsOf } from './workload/draw.ts';
import type { Label } from './workload/task.ts';

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
  --sensitivity        what other cards, layouts, loads, mixes and prices would change, in simulated time
  --out DIR            where result.json and the charts go (tmp/agents)
  --from FILE          the result.json of an earlier run: prints what follows from its answers in simulated time, --sensitivity
                       included, and sends nothing
  --json               print the result as JSON, without a progress bar
  --help

Against a deployment, in real time and without GPU seconds:

  --url U --key K      its address, and an API key that may use both models
  --large M, --small M names of the two models (the first that the gateway lists of each tier)
  --prices S,L         USD per million tokens of the small and the large one (as the gateway lists them)
  --timeout-seconds N  a request that takes longer is given up (300)

What the gateway has booked for the key stands beside what was counted here, where the key may see its usage; no admin token is needed. Begin
small: --agents 3 --requests 20 --think-seconds 1. All tokens are paid for.

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
    from: { type: 'string' },
    json: { type: 'boolean', default: false },
    url: { type: 'string' },
    key: { type: 'string' },
    large: { type: 'string' },
    small: { type: 'string' },
    prices: { type: 'string' },
    'timeout-seconds': { type: 'string', default: '300' },
  },
});

const isDeployment = values.url !== undefined;

/** What answers, and how an arm is played against it. */
interface Site {
  readonly tiers: Tiers;
  readonly notes: readonly string[];
  play(arm: Arm, plan: PlayPlan): Promise<ArmResult>;
  stop(): void;
}

function givenPrices(): Record<Label, number> | null {
  if (values.prices === undefined) return null;
  const [small = '', large = '', ...rest] = values.prices.split(',');
  if (large === '' || rest.length > 0)
    throw new UsageError(
      `--prices ${values.prices}: expected two numbers, the small model's and the large one's, such as 0.1,0.8.`,
    );
  return { small: decimalNumber('prices', small), large: decimalNumber('prices', large) };
}

/** The models of this repository's own rig. */
function ownTiers(): Tiers {
  const { small = 'qwen2.5-7b', large = 'qwen2.5-32b' } = values;
  const given = givenPrices();
  const configured = compileConfigs(`${repoFolder}configs`).profiles['a40-pair']?.models ?? {};
  const priceOf = (tier: Label, id: string): Tiers['picoUsd'][Label] => {
    if (given !== null) return { input: picoUsdPerToken(given[tier]), output: picoUsdPerToken(given[tier]) };
    const price = configured[id]?.price;
    if (price === undefined) throw new UsageError(`No price is configured for ${id}: give --prices SMALL,LARGE.`);
    return { input: picoUsdPerToken(price.input_per_million_usd), output: picoUsdPerToken(price.output_per_million_usd ?? 0) };
  };
  return { ids: { small, large }, picoUsd: { small: priceOf('small', small), large: priceOf('large', large) } };
}

async function openSite(): Promise<Site> {
  const { url, key, small = null, large = null } = values;
  if (url === undefined) {
    const tiers = ownTiers();
    const bundle = await buildGateway();
    return { tiers, notes: [], play: (arm, plan) => runArm(bundle, a40, arm, plan), stop: () => bundle.remove() };
  }
  if (key === undefined) throw new UsageError('--url needs --key: an API key of that gateway.');
  const timeoutMs = 1000 * decimalNumber('timeout-seconds', values['timeout-seconds'], 0.001);
  const deployment = await readDeployment({ url, key, names: { small, large }, prices: givenPrices() });
  const { tiers, notes } = deployment;
  return { tiers, notes, play: (arm, plan) => runAt(deployment, timeoutMs, arm, plan), stop: () => undefined };
}

function wantedArms({ ids }: Tiers): Arm[] {
  const all: Record<string, Arm> = {
    routed: { name: 'routed', model: 'auto' },
    large: { name: 'always large', model: ids.large },
    small: { name: 'always small', model: ids.small },
  };
  return values.arms.split(',').map((name) => {
    const arm = all[name];
    if (arm === undefined) throw new UsageError(`--arms ${name}: expected some of ${Object.keys(all).join(', ')}.`);
    return arm;
  });
}

function load() {
  const atLeastOne = { min: 1 };
  const drawn = {
    seed: values.seed,
    agents: wholeNumber('agents', values.agents, atLeastOne),
    requests: wholeNumber('requests', values.requests, atLeastOne),
    largeWeight: decimalNumber('large-weight', values['large-weight']),
    thinkMs: 1000 * decimalNumber('think-seconds', values['think-seconds']),
  };
  const agents = drawWorkload(drawn);
  return {
    drawn,
    agents,
    planned: agents.flatMap(({ tasks }) => tasks).reduce((sum, task) => sum + requestsOf(task), 0),
    compression: decimalNumber('compression', values.compression ?? (isDeployment ? '1' : '12'), 0.1),
    openRate: values.open === undefined ? null : decimalNumber('open', values.open, 0.001),
  };
}

type Load = ReturnType<typeof load>;

function judge(results: readonly ArmResult[], of: Tiers, { drawn, agents, planned, compression, openRate }: Load) {
  const arms = results.map((result) => armFigures(result, planned, of));
  const judged = results.find(({ arm }) => arm.name === 'routed') ?? results[0];
  if (judged === undefined) throw new UsageError('--arms: name at least one.');
  const { outcomes } = judged;
  const { perfect, large } = pricesOf(outcomes, of);
  const routedNanoUsd = arms.find(({ name }) => name === judged.arm.name)?.costNanoUsd ?? 0;
  const savings = { allLargeNanoUsd: large, perfectNanoUsd: perfect, routedNanoUsd };
  const kinds = byKind(outcomes, of);
  const timed = !isDeployment && openRate === null ? timedArms(agents, outcomes, of) : [];
  return {
    options: { ...drawn, agents: agents.length, requests: planned, compression, openRate },
    digest: digestOf(outcomes, of),
    arms,
    timed,
    savings,
    kinds,
    promises: promises({ arms, timed, kinds, savings, isDeployment }),
    sensitivity: values.sensitivity ? sensitivityOf(agents, outcomes, of) : null,
    outcomes,
  };
}

function sensitivityOf(agents: readonly AgentPlan[], outcomes: Kept['outcomes'], of: Tiers) {
  return {
    layouts: layoutRows(agents, outcomes, of),
    timing: timingRows(agents, outcomes, of),
    prices: priceRows(outcomes, of),
  };
}

function print({ options, arms, timed, savings, kinds, promises: rows, sensitivity, digest }: ReturnType<typeof judge>): void {
  const { requests, agents, seed, openRate, compression } = options;
  const how = openRate === null ? 'closed loop' : `open loop, ${openRate} conversations a second`;
  console.log(`\n${requests} requests of ${agents} agents, seed ${seed}, ${how}, compressed ${compression} times`);
  const tables = [armRows(arms, savings), shortcomingRows(arms), timed.length === 0 ? [] : timedRows(timed), kindRows(kinds)];
  for (const table of tables.filter(({ length }) => length > 0)) console.log(`${aligned(table)}\n`);
  const behind = lag(arms, timed);
  if (behind > 1.25)
    console.log(
      `  An arm took ${behind.toFixed(1)} times as long as its card: this machine is too busy. The latencies of the first table are its own.\n`,
    );
  console.log(tableOf('promises', rows));
  if (sensitivity !== null) printSensitivity(sensitivity);
  console.log(`\ndecisions and costs: ${digest}. Files: ${values.out}`);
}

function printSensitivity({ layouts, timing, prices }: ReturnType<typeof sensitivityOf>): void {
  console.log(`\n${aligned(layouts)}\n\n${aligned(timing)}\n\n${aligned(prices)}`);
}

/** What follows from the answers of an earlier run, in simulated time. */
function replay(file: string): void {
  const { options, outcomes } = readKept(file);
  const agents = drawWorkload(options);
  const of = ownTiers();
  const timed = timedArms(agents, outcomes, of);
  const sensitivity = sensitivityOf(agents, outcomes, of);
  if (values.json) console.log(JSON.stringify({ options, timed, sensitivity }, null, 2));
  else {
    console.log(
      `\n${outcomes.length} requests of ${agents.length} agents, seed ${options.seed}, from ${file}\n${aligned(timedRows(timed))}`,
    );
    printSensitivity(sensitivity);
  }
}

/** What is about to be asked of somebody's gateway, on stderr. */
function announce({ tiers: { ids, picoUsd }, notes }: Site, arms: readonly Arm[], { agents, planned }: Load): void {
  if (!isDeployment || values.json) return;
  const usd = (tier: Label): string => `${picoUsd[tier].input / 1e6} and ${picoUsd[tier].output / 1e6} USD per million tokens`;
  const pausesMs = agents.map(({ tasks }) =>
    tasks
      .flatMap(({ turns }) => turns)
      .reduce((sum, { thinkMs, toolMs, toolResult }) => sum + thinkMs + (toolResult === null ? 0 : toolMs), 0),
  );
  console.error(`small: ${ids.small}, ${usd('small')}; large: ${ids.large}, ${usd('large')}`);
  for (const note of notes) console.error(note);
  console.error(
    `${planned} requests of ${agents.length} agents, ${arms.length} times (${arms.map(({ name }) => name).join(', ')}); pauses alone take ${Math.ceil(Math.max(...pausesMs) / 1000)} s each time`,
  );
}

await runCommand(async () => {
  if (values.from !== undefined) return replay(values.from);
  const work = load();
  const site = await openSite();
  const results: ArmResult[] = [];
  try {
    const arms = wantedArms(site.tiers);
    announce(site, arms, work);
    const { agents, planned, compression, openRate } = work;
    const bar = progressBar(planned * arms.length, values.json);
    const plan: PlayPlan = { agents, compression, openRate, onOutcome: () => bar.step() };
    for (const arm of arms) results.push(await site.play(arm, plan));
    bar.end();
  } finally {
    site.stop();
  }
  const result = judge(results, site.tiers, work);
  writeFiles(values.out, result);
  if (values.json) console.log(JSON.stringify({ ...result, outcomes: undefined }, null, 2));
  else print(result);
  return brokenPromises(result.promises).length > 0 ? 1 : 0;
});
