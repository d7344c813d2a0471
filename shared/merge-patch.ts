/** JSON Merge Patch (RFC 7396): the one rule by which profiles and `CONFIG_OVERRIDES` change the configuration tree. */
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
