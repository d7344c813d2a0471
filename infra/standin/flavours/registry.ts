/** Every kind of model server that a stand-in can play. */
import { anthropic } from './anthropic.ts';
import type { Flavour } from './flavour.ts';
import { gemini } from './gemini.ts';
import { llamaCpp } from './llama-cpp.ts';
import { openRouter } from './openrouter.ts';
import { vllm } from './vllm.ts';

/** Servers that anybody can run: what these say was seen from real ones, and can be compared with them. */
const own = { vllm, 'llama-cpp': llamaCpp } satisfies Record<string, Flavour>;
/** Vendors' services, by their documentation and by reports of others. */
const hosted = { anthropic, gemini, openrouter: openRouter } satisfies Record<string, Flavour>;

export const flavours = { ...own, ...hosted };

export type OwnFlavourName = keyof typeof own;
export type FlavourName = keyof typeof flavours;

export const flavourNames = Object.keys(flavours).filter((name): name is FlavourName => Object.hasOwn(flavours, name));
