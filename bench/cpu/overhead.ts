/**
 * `npm run bench:overhead`: what the gateway costs beside Workers that do less and beside another gateway on the same runtime, in workerd
 * itself, in one interleaved run: the reference for work on speed. With `--against` another checkout is built and measured in the same
 * rounds. Asserts nothing.
 */
import { resolve } from 'node:path';
import { commandLine, UsageError, wholeNumber } from '../../infra/command-line.ts';
import { checkMachine, pinSelf } from '../../infra/rig/process-cpu.ts';
import { progressBar } from '../load/progress-bar.ts';
import { ablationCells, measureAblation } from './ablation.ts';
import { cellsOf, measureCells, type Values } from './overhead-run.ts';
import { overheadRows, type Setting, targetNames } from './overhead-rows.ts';
import { printOverhead, saveOverhead, toOverheadResult } from './overhead-table.ts';
import { installPeer, pythonPeers } from './peer/python-peers.ts';
import { createResult, printResult, saveTable, tableOf } from './result-file.ts';
import { type Builder, gateway, peer, pythonPeer, reference } from './targets.ts';

const optional: readonly string[] = pythonPeers;
/** What is measured where nothing is said. */
const usual = targetNames.filter((name) => !optional.includes(name));

const help = `What the gateway costs, in workerd itself, as ratios to a bare Hono pass-through. Seven rounds take about a quarter of an hour.

  npm run bench:overhead -- [options]

  --rounds N       interleaved rounds, after one that is not counted (7)
  --seconds N      of load a target, row and round (2)
  --only ROW,…     ${overheadRows
    .map((row) => row.id)
    .join(', ')
    .replace(/(.{60,80}), /g, '$1,\n                   ')}
  --targets T,…    ${usual.join(', ')} (all of these);
                   ${pythonPeers.join(', ')} are measured only where they are named here
  --against DIR    another checkout of this repository with its dependencies installed, measured in the same rounds as "before"
  --ablate         instead: the gateway as shipped beside gateways with one part switched off
  --json           print the result as JSON
  --save           write the tables in bench/README.md
  --help

CPU is time of the target's process and its children by the scheduler's count, less its idle share, until half a second after the last
answer, so that accounting is in it. "floor" parses, changes and writes both bodies and does nothing else; "pump" reads and writes every chunk and looks at
nothing; "peer" is Portkey's gateway, installed into tmp/peer at the first run. "litellm" is LiteLLM's proxy, in Python, and "vllm-router" vLLM's, in
Rust; each is installed into an environment of its own in tmp/ when it is first named, and left out with a line that says why where that
fails; with both, seven rounds take some 25 minutes. Ratios are taken within a round. Streams held and heap are measured in at most three rounds.`;

const { values } = commandLine({
  name: 'npm run bench:overhead',
  help,
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    targets: { type: 'string', default: '' },
    against: { type: 'string' },
    ablate: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});

const rounds = wholeNumber('rounds', values.rounds, { min: 1 });
const seconds = wholeNumber('seconds', values.seconds, { min: 1 });
const rowIds = chosen(
  'only',
  values.only,
  overheadRows.map((row) => row.id),
);
const rows = overheadRows.filter((row) => rowIds.includes(row.id));
const known = targetNames.filter((name) => name !== 'before' || values.against !== undefined);
const named = values.targets === '' ? known.filter((name) => !optional.includes(name)) : chosen('targets', values.targets, known);
/** Named with every option that changes what is in the table. */
const command = [
  'npm run bench:overhead --',
  ...(values.ablate ? ['--ablate'] : []),
  `--rounds ${rounds}`,
  ...(seconds === 2 ? [] : [`--seconds ${seconds}`]),
  ...(values.only === '' ? [] : [`--only ${values.only}`]),
  ...(values.targets === '' ? [] : [`--targets ${values.targets}`]),
].join(' ');

checkMachine();
pinSelf();
await (values.ablate ? ablate() : compare());
process.exit(0);

/** Those of the named targets that are here, after a line about each that is not. */
function present(): string[] {
  const missing = pythonPeers.filter((name) => {
    if (!named.includes(name)) return false;
    const why = installPeer(name);
    if (why !== null) console.error(`Left out: ${why}`);
    return why !== null;
  });
  return named.filter((name) => !missing.some((other) => other === name));
}

async function compare(): Promise<void> {
  const targets = present();
  const phases = (['shipped', 'wide', 'inspected'] as const).flatMap((setting) => {
    const cells = cellsOf(
      rows.filter((row) => row.setting === setting),
      targets,
    );
    const isCost = setting === 'shipped';
    return cells.length === 0 ? [] : [{ setting, cells, rounds: isCost ? rounds : Math.min(rounds, 3), isWarmedUp: isCost }];
  });
  const steps = phases.map((phase) => phase.cells.length * (phase.rounds + Number(phase.isWarmedUp)));
  const bar = progressBar(
    steps.reduce((sum, count) => sum + count, 0),
    values.json,
  );
  const measured = new Map<string, readonly number[]>();
  for (const { setting, cells, ...phase } of phases) {
    const found: Values = await measureCells(buildersOf(setting), cells, { ...phase, seconds, onStep: bar.step });
    for (const [key, list] of found) measured.set(key, list);
  }
  bar.end();
  const result = toOverheadResult(
    command,
    measured,
    rows,
    targetNames.filter((name) => name === 'hono' || targets.includes(name)),
    rounds,
  );
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else printOverhead(result);
  if (values.save) saveOverhead(result);
}

async function ablate(): Promise<void> {
  const bar = progressBar((rounds + 1) * ablationCells, values.json);
  const found = await measureAblation({ rounds, isWarmedUp: true, seconds, onStep: bar.step });
  bar.end();
  const result = createResult(command, rounds, found);
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else printResult(result);
  if (values.save) saveTable('ablation', tableOf(result));
}

/** Room for more streams than the model servers of the shipped configuration are given. */
function buildersOf(setting: Setting): Readonly<Record<string, Builder>> {
  const room = Object.fromEntries(['qwen2.5-7b', 'qwen2.5-32b'].map((id) => [id, { max_in_flight: 1024 }]));
  const vars: Readonly<Record<string, string>> =
    setting === 'shipped' ? {} : { CONFIG_OVERRIDES: JSON.stringify({ models: room }) };
  const options = { vars, isInspected: setting === 'inspected' };
  return {
    hono: reference('hono'),
    floor: reference('buffer-rewrite'),
    pump: reference('pump'),
    peer,
    ...Object.fromEntries(pythonPeers.map((name) => [name, pythonPeer(name)])),
    gateway: gateway(options),
    ...(values.against === undefined ? {} : { before: gateway({ ...options, checkout: resolve(values.against) }) }),
  };
}

/** The names in a list with commas; all where it is empty. */
function chosen(option: string, text: string, names: readonly string[]): string[] {
  if (text === '') return [...names];
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`--${option} ${unknown}: expected some of ${names.join(', ')}.`);
  return wanted;
}
