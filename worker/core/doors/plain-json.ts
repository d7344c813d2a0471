/**
 * Writes internal objects for answers: keys in snake_case, numbers with at most four decimals. Only for objects whose keys are all ours:
 * names from outside (models, agents, keys of a client's JSON) would be rewritten as well.
 */

import { fourDigits } from '../../../shared/units.ts';

export function plainJson(value: unknown): unknown {
  if (typeof value === 'number') return fourDigits(value);
  if (Array.isArray(value)) return value.map(plainJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [snakeCase(key), plainJson(part)]));
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
