/** A short run of `npm run fuzz` against the shared gateway: what the OpenAPI document says of every path is so. */
import { expect, inject, test } from 'vitest';
import { fuzz } from '../../infra/fuzz/run.ts';
import { adminToken, clientKey, connect } from '../../infra/rig/connect.ts';

const gateway = connect(inject('addresses'));

test(
  'no answer has a status, a code, a media type or a key that the OpenAPI document does not have',
  { timeout: 120_000 },
  async () => {
    const rows = await fuzz({
      url: gateway.url,
      key: clientKey,
      admin: adminToken,
      seed: '20261130',
      requests: 7,
      changes: true,
    });
    const faults = rows
      .flatMap((row) => row.faults)
      .map(({ operation, what, request, answer }) => {
        return `${operation}: ${what} | ${request.kind} ${request.path} ${request.body ?? ''} → ${answer}`;
      });
    expect(faults).toEqual([]);
    expect(rows.filter(({ accepted }) => accepted > 0).length).toBeGreaterThan(30);
    await gateway.resetState();
  },
);
