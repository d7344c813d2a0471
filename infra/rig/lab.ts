/**
 * A rig on workerd whose objects can be evicted, broken, cut off and read, and whose clock can be moved: for tests about state that no
 * client can reach from outside.
 */
import * as z from 'zod';
import type { Counts, LabOrder, ObjectOrder, Wire } from './lab-worker.ts';
import { type Rig, type RigOptions, startRig } from './rig.ts';

export interface LabOptions extends Omit<RigOptions, 'vars'> {
  readonly vars?: Readonly<Record<string, string>>;
  /** What `buildLab` has built. */
  readonly on: Exclude<RigOptions['on'], string>;
  /** The platform's coarse limit of requests per key; without it there is none. */
  readonly keyRate?: number;
}

export interface Lab extends Rig {
  object(binding: string, name: string, order: ObjectOrder): Promise<unknown>;
  wire(binding: string, wire: Partial<Wire> | null): Promise<void>;
  clock(offsetMs: number): Promise<void>;
  counts(reset?: boolean): Promise<Counts>;
}

export async function startLab({ keyRate, ...options }: LabOptions): Promise<Lab> {
  const vars = { ...options.vars, ...(keyRate === undefined ? {} : { LAB_KEY_RATE: String(keyRate) }) };
  const rig = await startRig({ ...options, vars });
  const send = async (order: LabOrder): Promise<unknown> => {
    const response = await fetch(`${rig.url}/__lab`, { method: 'POST', body: JSON.stringify(order) });
    const answer = LabAnswer.parse(await response.json());
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.answer;
  };
  return {
    ...rig,
    object: (binding, name, order) => send({ on: 'object', binding, name, order }),
    wire: async (binding, wire) => void (await send({ on: 'wire', binding, wire })),
    clock: async (offsetMs) => void (await send({ on: 'clock', offsetMs })),
    counts: async (reset = false) => CountsAnswer.parse(await send({ on: 'counts', reset })),
  };
}

const LabAnswer = z.object({ answer: z.unknown().optional(), error: z.string().optional() });
const Tally = z.record(z.string(), z.number());
const CountsAnswer = z.object({ calls: Tally, rows: Tally, alarms: Tally });
