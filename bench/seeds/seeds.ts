/** `npm run bench:seeds`: the result tables of the published originals, worked out again beside this project's. */
import { commandLine } from '../../infra/command-line.ts';
import { aligned } from '../load/columns.ts';
import { loadMix } from './load-mix.ts';
import { loadTable, publishedLoad, simulationTable, type TierSplit } from './tables.ts';

const help = `The result tables that two published gateways give, worked out again by their own rules, beside this project's. Sends nothing.

  npm run bench:seeds -- [--json]`;

const { values } = commandLine({ name: 'npm run bench:seeds', help, options: { json: { type: 'boolean', default: false } } });
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const split = (small: number): string => `${small} small, ${60 - small} large: ${percent(small / 60)}`;

const load = loadTable();
const simulated = simulationTable();
if (values.json) console.log(JSON.stringify({ load, simulated }, null, 2));
else print();

function print(): void {
  console.log(`Load test of ${loadMix.length} requests`);
  console.log(
    aligned([
      ['published', '45 small, 15 large: 75 %; 62.5 % saved'],
      ['by its own rule (threshold 0.6)', split(load.small)],
      ['by the profile seed-compat', split(load.smallByProfile)],
      ['by the shipped router', split(load.smallByOwn)],
      ['small requests, at any threshold', load.possibleSmall.join(', ')],
    ]),
  );
  console.log(`  No threshold gives 45: the requests are three groups of 20 with one score each. 75 / 25 is what ${load.small} and 20 give after
  ${load.earlierSmall} earlier requests for the small model, which its counters would still hold: 60 of 80. That is a guess; no record exists.
  Saved = ${(1 - 0.1 / 0.8).toFixed(3)} × the small model's share of the tokens. With equal tokens ${percent(load.small / 60)} of requests save ${percent(load.savedByRequests)} and
  ${percent(publishedLoad.smallShare)} save ${percent(load.savedByPublishedSplit)}; ${percent(publishedLoad.saved)} need ${percent(load.tokenShareOfPublished)} of the tokens on the small model.
`);
  const row = (name: string, of: TierSplit): string[] => [
    name,
    String(of.small),
    String(of.large),
    String(of.vision),
    percent(of.saved),
  ];
  console.log('Simulation of 1,000 requests');
  console.log(
    aligned([
      ['', 'cheap', 'accurate', 'vision', 'saved'],
      row('as published: letters inside words', simulated.published),
      row('as its document means it', simulated.intended),
      row('this gateway, profile hosted-tiers', simulated.own),
    ]),
  );
  console.log(
    `  150 requests of a critical agent begin with "Build", which holds "ui": its rule sends them to the vision model, and counts them as saved.`,
  );
}
