/** An earlier run's result.json, read again: what was asked and answered in it can be replayed in simulated time without sending anything. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { UsageError } from '../../infra/command-line.ts';
import type { Outcome } from './play.ts';

const Label = z.enum(['small', 'large']);
const KeptOutcome = z.object({
  agent: z.string(),
  task: z.string(),
  kind: z.string(),
  turn: z.number(),
  step: z.enum(['call', 'answer']),
  label: Label,
  sentAtMs: z.number(),
  isStreamed: z.boolean(),
  shortcoming: z.string().nullable(),
  answer: z.object({
    status: z.number(),
    modelId: z.string().nullable(),
    isFallback: z.boolean(),
    reason: z.string(),
    promptTokens: z.number(),
    completionTokens: z.number(),
    firstMs: z.number().nullable(),
    tookMs: z.number(),
  }),
});
const Kept = z.object({
  options: z.object({
    seed: z.string(),
    agents: z.int(),
    requests: z.int(),
    largeWeight: z.number(),
    thinkMs: z.number(),
  }),
  outcomes: z.array(KeptOutcome),
});

export interface Kept {
  /** The workload's, so that it can be drawn again. */
  readonly options: z.infer<typeof Kept>['options'];
  readonly outcomes: readonly Outcome[];
}

/** Throws a sentence when the file is not there or not of this version. */
export function readKept(file: string): Kept {
  try {
    return Kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new UsageError(`--from ${file}: ${isMissing ? 'there is no such file' : 'no result.json of npm run bench:agents'}.`);
  }
}
