/** What a key's object holds, read from its storage. */
import * as z from 'zod';
import type { Lab } from '../../infra/rig/lab.ts';

const Dump = z.object({ sums: z.array(z.object({ sums: z.string() })), requests: z.array(z.object({ request: z.string() })) });
const Sums = z.object({
  sums: z.object({
    budgets: z.object({ windows: z.array(z.object({ name: z.string(), period: z.string(), spentNanoUsd: z.number() })) }),
  }),
});
const Request = z.object({ sweptAtMs: z.number().nullable() });

export async function holdings(lab: Lab, id: string): Promise<{ open: number; spentNanoUsd: number }> {
  const { sums, requests } = Dump.parse(await lab.object('TENANT', `tenant:${id}`, { do: 'dump' }));
  const windows = sums.flatMap((row) => Sums.parse(JSON.parse(row.sums)).sums.budgets.windows);
  const whole = windows.filter(({ name, period }) => name === 'key' && period === 'month');
  return {
    open: requests.filter(({ request }) => Request.parse(JSON.parse(request)).sweptAtMs === null).length,
    spentNanoUsd: whole.reduce((sum, { spentNanoUsd }) => sum + spentNanoUsd, 0),
  };
}
