/** What a key's object holds, read from its storage. */
import * as z from 'zod';
import type { Lab } from '../../infra/rig/lab.ts';

const Dump = z.object({
  sums: z.array(z.object({ sums: z.string() })),
  requests: z.array(z.object({ request: z.string(), ended: z.string().nullable() })),
});
const Sums = z.object({
  sums: z.object({
    budgets: z.object({ windows: z.array(z.object({ name: z.string(), period: z.string(), spentNanoUsd: z.number() })) }),
  }),
});
const Request = z.object({
  sweptAtMs: z.number().nullable(),
  money: z.object({ windows: z.array(z.object({ name: z.string(), period: z.string() })) }).nullable(),
});
const Ending = z.object({ settlement: z.object({ costNanoUsd: z.number() }) });

export async function holdings(lab: Lab, id: string): Promise<{ open: number; spentNanoUsd: number }> {
  const { sums, requests } = Dump.parse(await lab.object('TENANT', `tenant:${id}`, { do: 'dump' }));
  const isWhole = ({ name, period }: { name: string; period: string }) => name === 'key' && period === 'month';
  const windows = sums.flatMap((row) => Sums.parse(JSON.parse(row.sums)).sums.budgets.windows).filter(isWhole);
  const rows = requests.map(({ request, ended }) => ({ ...Request.parse(JSON.parse(request)), ended }));
  // Of what has ended since the sums were written.
  const costs = rows.map(({ money, ended }) =>
    ended === null || money?.windows.some(isWhole) !== true ? 0 : Ending.parse(JSON.parse(ended)).settlement.costNanoUsd,
  );
  return {
    open: rows.filter(({ sweptAtMs, ended }) => sweptAtMs === null && ended === null).length,
    spentNanoUsd: [...windows.map(({ spentNanoUsd }) => spentNanoUsd), ...costs].reduce((sum, spent) => sum + spent, 0),
  };
}
