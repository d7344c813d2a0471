/**
 * `npm run bench:prompts`: twenty short chats beside long prompts on one simulated A40: how long the short ones wait for their first token,
 * with and without what the gateway and the model server's flags do about it. In simulated time, or through workerd in real time.
 */
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import { buildGateway } from '../../infra/rig/bundle.ts';
import { pinSelf } from '../../infra/rig/process-cpu.ts';
import { a40, qwen7b } from '../../infra/standin/gpu/cost-model.ts';
import { progressBar } from './progress-bar.ts';
import { brokenPromises, tableOf } from './promise-table.ts';
import { type Case, type Ran, promptRows } from './prompts-rows.ts';
import { runCase } from './prompts-run.ts';
import { simulateCase } from './prompts-sim.ts';

const help = `Short chats beside long prompts, on a simulated A40 (roofline of steps, vLLM's scheduler with chunked prefill).
Seconds in simulated time, which has the gateway's lane and the card and nothing else; --live sends it through workerd: about six minutes.

  npm run bench:prompts -- [options]

  --seconds N     how long twenty clients chat, a case (45)
  --tokens N      length of a long prompt (30000)
  --threshold N   --long-prefill-token-threshold of the model server (80, as infra/pod sets it)
  --kv-tokens N   what its KV cache holds (38151: the small model of the pair on an A40)
  --rounds N      simulated runs of each case with other chats, counted together (10)
  --live          through the whole gateway and HTTP, in real time
  --slow N        --live: everything takes so many times longer, and is divided by it: on a busy machine (1)
  --only N        one case beside the floor, by its number from 1 on
  --json          print the result as JSON, without a progress bar
  --help

The card is a model: peaks from the maker, efficiencies assumed; kernels, prefix caching and the network are not in it. Ends with 1 when a promise is broken.`;

const { values } = commandLine({
  name: 'npm run bench:prompts',
  help,
  options: {
    seconds: { type: 'string', default: '45' },
    tokens: { type: 'string', default: '30000' },
    threshold: { type: 'string', default: '80' },
    'kv-tokens': { type: 'string', default: '38151' },
    rounds: { type: 'string', default: '10' },
    live: { type: 'boolean', default: false },
    slow: { type: 'string', default: '1' },
    only: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});

const atLeastOne = { min: 1 };
const threshold = wholeNumber('threshold', values.threshold, { min: 0 });
const only = wholeNumber('only', values.only, { min: 0 });
const rounds = wholeNumber('rounds', values.rounds, atLeastOne);
const scene = {
  seconds: wholeNumber('seconds', values.seconds, atLeastOne),
  longTokens: wholeNumber('tokens', values.tokens, atLeastOne),
  slow: wholeNumber('slow', values.slow, atLeastOne),
  spec: a40,
  model: qwen7b,
  kvTokens: wholeNumber('kv-tokens', values['kv-tokens'], atLeastOne),
};
const cases: readonly Case[] = [
  { name: 'no long prompt', longs: 0, threshold, hasLane: true },
  { name: 'one', longs: 1, threshold, hasLane: true },
  { name: 'one, server without the threshold', longs: 1, threshold: 0, hasLane: true },
  { name: 'four at once', longs: 4, threshold, hasLane: true },
  { name: 'four at once, gateway without the lane', longs: 4, threshold, hasLane: false },
  { name: 'four at once, neither', longs: 4, threshold: 0, hasLane: false },
];

const chosen = cases.filter((_, at) => only === 0 || at === 0 || at === only);
const ran = values.live ? await runLive() : chosen.map(simulate);
const rows = promptRows(ran);
if (values.json) console.log(JSON.stringify(rows, null, 2));
else console.log(tableOf(`20 short chats beside long prompts of ${scene.longTokens} tokens`, rows));
process.exit(brokenPromises(rows).length > 0 ? 1 : 0);

function simulate(one: Case): Ran {
  const done = Array.from({ length: rounds }, (_, round) => simulateCase(scene, one, round));
  return { ...one, rounds: done.map(({ rounds: [only] }) => only).filter((round) => round !== undefined) };
}

async function runLive(): Promise<Ran[]> {
  pinSelf();
  const bundle = await buildGateway();
  const bar = progressBar(chosen.length, values.json);
  const done: Ran[] = [];
  try {
    for (const one of chosen) {
      done.push(await runCase(bundle, scene, one));
      bar.step();
    }
  } finally {
    bar.end();
    bundle.remove();
  }
  return done;
}
