/** Every complexity signal by its id, in the order they are summed in; the seed's boundary case depends on that order. */
import type { SignalId } from '../../../../shared/config.ts';
import { depth } from './depth.ts';
import { keywords } from './keywords.ts';
import { length } from './length.ts';
import type { Signal } from './signal.ts';
import { structured } from './structured.ts';
import { tools } from './tools.ts';

export const signals = { length, keywords, tools, depth, structured } as const satisfies Record<SignalId, Signal>;
