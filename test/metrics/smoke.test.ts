/** `npm run smoke` against a gateway: every route answers, nothing is left behind, and what is wrong is found. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { smoke } from '../../infra/deploy/smoke.ts';
import { adminToken } from '../../infra/rig/connect.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';

let gateway: Rig;

beforeAll(async () => {
  gateway = await startRig({ on: inject('bundle') });
});

afterAll(() => gateway.stop());

const problems = async (token: string | null): Promise<string[]> =>
  (await smoke(gateway.url, token)).flatMap(({ row, status, problem }) =>
    problem === null ? [] : [`${row.method} ${row.route}: ${status} ${problem}`],
  );

/** workerd alone has no static assets, so there are no pages. */
const pages = ['GET /dashboard', 'GET /playground', 'GET /usage'];

test('with the admin token every route answers, and no key is left', async () => {
  const found = await problems(adminToken);
  expect(found.filter((line) => !pages.some((page) => line.startsWith(`${page}:`)))).toEqual([]);
  const { data } = (await (await gateway.get('/admin/keys')).json()) as { data: readonly { name: string }[] };
  expect(data.filter(({ name }) => name.startsWith('smoke'))).toEqual([]);
});

test('without a token every closed door is closed', async () => {
  expect((await problems(null)).filter((line) => !pages.some((page) => line.startsWith(`${page}:`)))).toEqual([]);
});

test('a token that is not the admin token is found out', async () => {
  expect(await problems('not-the-admin-token-at-all')).toContainEqual(expect.stringMatching(/^GET \/stats: 401 expected 200/));
});
