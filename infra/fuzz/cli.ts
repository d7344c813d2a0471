/** `npm run fuzz`: requests made from the OpenAPI document, right ones and wrong ones, and what the answers have that the document does not. */
import { progressBar } from '../../bench/load/progress-bar.ts';
import { commandLine, serverOrigin, UsageError, wholeNumber } from '../command-line.ts';
import { buildGateway } from '../rig/bundle.ts';
import { adminToken, clientKey } from '../rig/connect.ts';
import { poolingServers } from '../rig/pooling-servers.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { chosenOperations, fuzz, type FuzzedRow, hangMs } from './run.ts';
import { fuzzedSurface } from './surface.ts';

const help = `Holds a gateway against its OpenAPI document: sends requests made from it and judges the answers.

  npm run fuzz -- [options]

  --url U        a gateway that runs; without it one is started with stand-in model servers
  --key K        an API key of it that may do everything (only with --url)
  --admin K      its admin token (only with --url; ADMIN_TOKEN from the environment)
  --changes      with --url: also what changes the gateway: keys, documents, statistics that start from zero. Not in production
  --requests N   for each path (40)
  --seed S       another seed, other requests; the same seed, the same requests (1)
  --only TEXT    paths whose "METHOD /path" contains the text
  --json         print the result as JSON
  --help

Of each path three kinds of requests are made: sound ones, which have to be accepted; such as the document allows; and wrong ones (a field with
another value, one that is missing, one too many; bad JSON, another media type, no key), which have to be refused. An answer is at fault when its
status, its code, its media type or a key of it is not in the document, when it is an error of the gateway's own, when a refusal of a body names
no field, or when it is not there within ${hangMs / 1000} s. Ends with 1 when there is a fault.`;

const { values } = commandLine({
  name: 'npm run fuzz',
  help,
  options: {
    url: { type: 'string' },
    key: { type: 'string' },
    admin: { type: 'string' },
    changes: { type: 'boolean', default: false },
    requests: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});
const requests = wholeNumber('requests', values.requests, { min: 1, max: 100_000 });
const url = values.url === undefined ? null : serverOrigin('url', values.url);
const changes = url === null || values.changes;
const chosen = chosenOperations(fuzzedSurface(), { only: values.only, changes });
if (chosen.length === 0)
  throw new UsageError(`--only ${values.only}: no path has that in its name, or only ones that need --changes.`);

/** In workerd itself: without the files of the pages, which answer 404 there. */
async function startOwn(): Promise<Rig> {
  const bundle = await buildGateway();
  try {
    return await startRig({ on: bundle, direct: poolingServers });
  } finally {
    bundle.remove();
  }
}

const own = url === null ? await startOwn() : null;
const bar = progressBar(chosen.length, values.json);
let rows: FuzzedRow[];
try {
  rows = await fuzz({
    url: url ?? own?.url ?? '',
    key: values.key ?? clientKey,
    admin: values.admin ?? (own === null ? (process.env['ADMIN_TOKEN'] ?? '') : adminToken),
    seed: values.seed,
    requests,
    only: values.only,
    changes,
    step: bar.step,
  });
} finally {
  await own?.stop();
}
const faults = rows.flatMap((row) => row.faults);
if (values.json) console.log(JSON.stringify(rows, null, 2));
else show(rows);
process.exit(faults.length === 0 ? 0 : 1);

function show(all: readonly FuzzedRow[]): void {
  const width = Math.max(...all.map(({ operation }) => operation.length));
  console.log(`\n${'path'.padEnd(width)}    sent  accepted  refused  slowest ms  faults`);
  for (const { operation, sent, accepted, refused, slowestMs, faults: own } of all) {
    const cells = [
      String(sent).padStart(6),
      String(accepted).padStart(8),
      String(refused).padStart(7),
      String(slowestMs).padStart(10),
    ];
    console.log(`${operation.padEnd(width)}  ${cells.join('  ')}  ${String(own.length).padStart(6)}`);
  }
  const kinds = new Map(
    faults.map((fault) => [`${fault.operation} ${fault.what.replaceAll(/[0-9]+/g, '#').slice(0, 80)}`, fault]),
  );
  for (const { operation, what, request, answer } of [...kinds.values()].slice(0, 40)) {
    console.log(`\n${operation}: ${what}\n  ${request.kind} ${request.path} ${request.body?.slice(0, 400) ?? ''}\n  → ${answer}`);
  }
  const sent = all.reduce((sum, row) => sum + row.sent, 0);
  console.log(
    `\n${sent} requests, ${faults.length} faults${kinds.size > 40 ? ', of which 40 are shown' : ''}; seed ${values.seed}.`,
  );
}
