/**
 * `npm run bench:tenant`: what a request costs in its key's object (CPU and rows, an admission and an ending) while so many other
 * requests of the key are open. Linux only: CPU time is read from /proc.
 */
import { readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import type { Lab } from '../../infra/rig/lab.ts';
import { checkMachine } from '../../infra/rig/process-cpu.ts';
import { withLab } from './with-lab.ts';

const help = `Measures what a request costs in the object of its key, while others are open.

  npm run bench:tenant -- [options]

  --open 0,250,1000,2000   how many others are open, one run each
  --requests N             measured in each run (2000)
  --json                   the result as JSON
  --help

Ends non-zero when CPU or rows of a request grow by more than 1.3 times over the runs.`;

const mostGrowth = 1.3;
const hourMs = 3_600_000;
/** Runs take turns, and the cheapest turn of each counts: others use this machine, too. */
const turns = 5;

interface TenantCost {
  readonly open: number;
  readonly cpuMicros: number;
  readonly rows: number;
}

const limits = {
  requestsPerMinute: 1e9,
  tokensPerMinute: 1e9,
  maxConcurrent: null,
  models: [{ modelId: 'large', requestsPerMinute: 1e9, tokensPerMinute: 1e9, maxConcurrent: 4096 }],
  budgets: [
    { name: 'key', period: 'month', limitNanoUsd: 1e15, whenExhausted: 'refuse' },
    { name: 'key', period: 'day', limitNanoUsd: 1e15, whenExhausted: 'refuse' },
  ],
};

const models = [{ modelId: 'large', isSmall: false, mayLead: true }];
const ending = { id: '', tokens: 10, modelTokens: [['large', 10]], costNanoUsd: 10 };
const finish = { method: 'finish', args: [ending] };

function admit() {
  const request = {
    id: '',
    estimatedTokens: 100,
    costNanoUsd: 1000,
    cheapCostNanoUsd: 100,
    expiresAtMs: Date.now() + hourMs,
    models,
  };
  return { method: 'admit', args: [request, limits] };
}

async function measureTenant(lab: Lab, counts: readonly number[], requests: number): Promise<TenantCost[]> {
  const best = new Map<number, TenantCost>();
  for (let turn = 0; turn < turns; turn += 1) {
    for (const open of counts) {
      const order = (order: Parameters<Lab['object']>[2]) => lab.object('TENANT', `tenant:bench-${open}-${turn}`, order);
      await order({ do: 'repeat', times: open, prefix: 'open', calls: [admit()] });
      await order({ do: 'repeat', times: 200, prefix: 'warm', calls: [admit(), finish] });
      await lab.counts(true);
      const before = lab.cpuMs();
      await order({ do: 'repeat', times: requests, prefix: 'measured', calls: [admit(), finish] });
      const cpuMicros = ((lab.cpuMs() - before) * 1000) / requests;
      const { rows, alarms } = await lab.counts();
      const cost = { open, cpuMicros, rows: ((rows['TenantObject'] ?? 0) + (alarms['TenantObject'] ?? 0)) / requests };
      const known = best.get(open);
      if (known === undefined || cost.cpuMicros < known.cpuMicros) best.set(open, cost);
    }
  }
  return [...best.values()];
}

function growthOf(costs: readonly TenantCost[]): { readonly cpu: number; readonly rows: number } {
  const growth = (pick: (cost: TenantCost) => number) =>
    Math.max(...costs.map(pick)) / pick(costs[0] ?? { open: 0, cpuMicros: 1, rows: 1 });
  return { cpu: growth(({ cpuMicros }) => cpuMicros), rows: growth(({ rows }) => rows) };
}

async function main(): Promise<number> {
  const { values } = readCommandLine({
    name: 'npm run bench:tenant',
    help,
    options: {
      open: { type: 'string', default: '0,250,1000,2000' },
      requests: { type: 'string', default: '2000' },
      json: { type: 'boolean', default: false },
    },
  });
  const counts = values.open.split(',').map((text) => wholeNumber('open', text));
  const requests = wholeNumber('requests', values.requests, { min: 1 });
  checkMachine();
  const costs = await withLab({}, (lab) => measureTenant(lab, counts, requests));
  const growth = growthOf(costs);
  if (values.json) console.log(JSON.stringify({ costs, growth }, null, 2));
  else {
    console.log('\n  open requests    CPU of a request    rows of a request');
    for (const { open, cpuMicros, rows } of costs) {
      console.log(
        `  ${String(open).padStart(13)}    ${`${cpuMicros.toFixed(0)} µs`.padStart(16)}    ${rows.toFixed(2).padStart(17)}`,
      );
    }
    console.log(`\n  growth: CPU ${growth.cpu.toFixed(2)} times, rows ${growth.rows.toFixed(2)} times (at most ${mostGrowth})`);
  }
  return growth.cpu > mostGrowth || growth.rows > mostGrowth ? 1 : 0;
}

if (import.meta.main) await runCommand(main);
