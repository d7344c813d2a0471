/**
 * Real model servers, and the gateway before them, held to the wire contract; and stand-ins beside them, which must answer in the same
 * shapes. `npm run test:real` starts the servers and names them; without it everything here is skipped.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { upstreamKey } from '../../infra/rig/connect.ts';
import type { Rig } from '../../infra/rig/rig.ts';
import type { OwnFlavourName } from '../../infra/standin/flavours/registry.ts';
import { a40Pair } from '../../infra/standin/fleet.ts';
import { type ModelServer, startModelServer } from '../../infra/standin/server.ts';
import { type WireServer, contexts, realSpeech, standInOptions, standInSpeech } from '../contract/wire/server.ts';
import { startWireRig } from '../contract/wire/stand.ts';
import { type WireStand, wireContract } from '../contract/wire/suite.ts';

const places = [
  { what: 'vLLM', flavour: 'vllm', model: 'small', address: process.env['POINTSMAN_REAL_VLLM'] },
  { what: 'llama.cpp', flavour: 'llama-cpp', model: 'large', address: process.env['POINTSMAN_REAL_LLAMA'] },
] as const;
const isAnyThere = places.some(({ address }) => address !== undefined);
if (!isAnyThere) console.warn('No real model server is named: `npm run test:real` starts them. Skipped.');

let rig: Rig;
const twins = new Map<OwnFlavourName, ModelServer>();

beforeAll(async () => {
  if (!isAnyThere) return;
  for (const { flavour } of places) {
    const servedName = nameOf(flavour);
    const aliases =
      flavour === 'vllm' ? a40Pair.flatMap((model) => (model.servedName === servedName ? [] : (model.servedName ?? []))) : [];
    twins.set(flavour, await startModelServer({ ...standInOptions(flavour), servedName, aliases, apiKey: upstreamKey }));
  }
  const missing = places.filter(({ address }) => address === undefined).map(({ model }) => model);
  const vars = places.flatMap(({ model, address }) =>
    address === undefined ? [] : [[`${model.toUpperCase()}_UPSTREAM_URL`, address]],
  );
  rig = await startWireRig(
    inject('bundle'),
    a40Pair.filter(({ id }) => missing.some((model) => model === id)),
    Object.fromEntries(vars),
  );
}, 60_000);

afterAll(async () => {
  await rig?.stop();
  await Promise.all([...twins.values()].map((twin) => twin.close()));
});

function nameOf(flavour: OwnFlavourName): string {
  return a40Pair[flavour === 'vllm' ? 0 : 1]?.servedName ?? '';
}

function standOf({ flavour, model, address = '' }: (typeof places)[number]): WireStand {
  const common = { flavour, servedName: nameOf(flavour), model, contextTokens: contexts[flavour] };
  const server: WireServer = { ...common, isReal: true, origin: address, say: realSpeech };
  const twin: WireServer = { ...common, isReal: false, origin: twins.get(flavour)?.url ?? '', say: standInSpeech };
  return { server, gateway: rig, twin };
}

describe.each(places)('a real $what', (place) => {
  describe.skipIf(place.address === undefined)('and its stand-in', () => {
    wireContract(place.flavour, () => standOf(place));

    test('tells its version', async () => {
      const version = await versionOf(place.flavour, place.address ?? '');
      console.log(`${place.what}: ${version}`);
      expect(version).toMatch(/\d/);
    });
  });
});

async function versionOf(flavour: OwnFlavourName, origin: string): Promise<string> {
  const path = flavour === 'vllm' ? '/version' : '/props';
  const response = await fetch(origin + path, { headers: { authorization: `Bearer ${upstreamKey}` } });
  const body: { version?: string; build_info?: string } = JSON.parse(await response.text());
  return body.version ?? body.build_info ?? '';
}
