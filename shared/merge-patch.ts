/** JSON Merge Patch (RFC 7396): how profiles, `CONFIG_OVERRIDES` and overrides at run time change the configuration tree. */
import { isObject } from './is-object.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Returns a new tree; `null` in the patch deletes a key, arrays are replaced whole. Keys such as `__proto__` are plain data. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map<string, unknown>(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/** One patch that does what two do, one after the other. Unlike in a target, `null` stays: it still has a key to delete. */
export function composePatches(first: unknown, second: unknown): unknown {
  if (!isObject(second)) return second;
  const composed = new Map<string, unknown>(isObject(first) ? Object.entries(first) : []);
  for (const [key, value] of Object.entries(second)) composed.set(key, composePatches(composed.get(key), value));
  return Object.fromEntries(composed);
}
