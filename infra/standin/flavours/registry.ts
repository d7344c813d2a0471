/** Every kind of model server that a stand-in can play. */
import type { Flavour } from './flavour.ts';
import { llamaCpp } from './llama-cpp.ts';
import { vllm } from './vllm.ts';

export const flavours = { vllm, 'llama-cpp': llamaCpp } satisfies Record<string, Flavour>;

export type FlavourName = keyof typeof flavours;

export const flavourNames = Object.keys(flavours).filter((name): name is FlavourName => Object.hasOwn(flavours, name));
