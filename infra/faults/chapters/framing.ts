/** How events are cut into lines and writes: legal, so the answer is the same. */
import { harmless, type FaultCase } from '../fault-case.ts';

export const framing: readonly FaultCase[] = [
  harmless('comments-between', 'same'),
  // Cut inside characters, keys and line ends; single bytes only take longer.
  harmless('drip', 'same', { settings: 'bytes=5' }),
  harmless('crlf', 'same'),
  harmless('multi-line', 'same'),
  harmless('split-utf8', 'other'),
  harmless('one-write', 'same'),
  harmless('bom', 'same'),
];
