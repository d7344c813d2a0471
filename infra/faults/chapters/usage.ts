/** Token counts: counted here where the server's cannot be true. */
import { harmless, type FaultCase } from '../fault-case.ts';

export const usage: readonly FaultCase[] = [
  harmless('no-usage', 'same'),
  harmless('usage-negative', 'same'),
  harmless('usage-nan', 'same'),
  harmless('usage-huge', 'same'),
  harmless('usage-zero', 'same'),
  harmless('usage-text', 'same'),
];
