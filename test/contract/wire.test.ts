/** The stand-ins, of both kinds, and the gateway before them, held to the contract that `npm run test:real` holds real servers to. */
import { afterAll, beforeAll, describe, expect, inject } from 'vitest';
import type { Rig } from '../../infra/rig/rig.ts';
import type { OwnFlavourName } from '../../infra/standin/flavours/registry.ts';
import { a40Pair } from '../../infra/standin/fleet.ts';
import { contexts, standInOptions, standInSpeech } from './wire/server.ts';
import { startWireRig } from './wire/stand.ts';
import { type WireStand, wireContract } from './wire/suite.ts';

const flavourOf = { small: 'vllm', large: 'llama-cpp' } as const satisfies Record<string, OwnFlavourName>;

let rig: Rig;

beforeAll(async () => {
  const models = a40Pair.map((model) => ({ ...model, ...standInOptions(model.id === 'small' ? 'vllm' : 'llama-cpp') }));
  rig = await startWireRig(inject('bundle'), models, {});
}, 60_000);

afterAll(() => rig?.stop());

function standOf(model: 'small' | 'large'): WireStand {
  const flavour = flavourOf[model];
  const { servedName, url } = rig.fleet.models[model] ?? expect.fail();
  const server = { flavour, isReal: false, origin: url, servedName, model, contextTokens: contexts[flavour], say: standInSpeech };
  return { server, gateway: rig, twin: null };
}

describe.each(['small', 'large'] as const)('the stand-in behind %s', (model) => {
  wireContract(flavourOf[model], () => standOf(model));
});
