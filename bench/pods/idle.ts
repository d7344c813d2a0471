/** `npm run bench:idle`: a week of traffic in virtual time, with pods that stay up, are stopped when idle, or are scaled. */
import { decimalNumber, readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import { type ArmRow, weekArms } from './arms.ts';

const help = `A week of requests in virtual time against the gateway's own decisions about pods, by a seed.

  npm run bench:idle -- [options]

  --seed N           another week (1)
  --idle-minutes N   idle_after_ms, in minutes (15)
  --usd-per-hour N   price of a pod (0.44)
  --places N         requests that one pod serves at once (8)
  --json             the rows as JSON
  --help

A start takes two to four minutes; one in ten fails at the provider and is tried again, three in a hundred find no GPU for one to five minutes. Held
requests wait through that, at most as long as hold.max_wait_ms. Three pods get forty times the requests. Ends with 1 when a request is lost.`;

await runCommand(() => {
  const { values } = readCommandLine({
    name: 'npm run bench:idle',
    help,
    options: {
      seed: { type: 'string', default: '1' },
      'idle-minutes': { type: 'string', default: '15' },
      'usd-per-hour': { type: 'string', default: '0.44' },
      places: { type: 'string', default: '8' },
      json: { type: 'boolean', default: false },
    },
  });
  const rows = weekArms({
    seed: wholeNumber('seed', values.seed, { min: 1 }),
    idleAfterMs: wholeNumber('idle-minutes', values['idle-minutes'], { min: 1 }) * 60_000,
    usdPerHour: decimalNumber('usd-per-hour', values['usd-per-hour']),
    places: wholeNumber('places', values.places, { min: 1 }),
  });
  console.log(values.json ? JSON.stringify(rows, null, 2) : tableOf(rows));
  return rows.some(({ lost }) => lost > 0) ? 1 : 0;
});

function tableOf(rows: readonly ArmRow[]): string {
  const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
  const cells = rows.map((row) => [
    row.arm,
    String(row.requests),
    String(row.lost),
    String(row.spilled),
    row.podHours.toFixed(1),
    row.savedUsd.toFixed(2),
    String(row.wakes),
    `${(row.waitedShare * 100).toFixed(1)} %`,
    seconds(row.waitersP50Ms),
    seconds(row.p50Ms),
    seconds(row.p95Ms),
    seconds(row.maxMs),
  ]);
  const head = [
    'pods',
    'requests',
    'lost',
    'spilled',
    'pod hours',
    'USD saved',
    'wakes',
    'waited',
    'their p50',
    'p50',
    'p95',
    'max',
  ];
  return [head, head.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}
