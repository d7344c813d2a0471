/**
 * `null` means "not set" in every optional field, however deep: clients send back what their libraries print, `"function_call": null` and
 * all. One pass over the body instead of a rule per field. What is required and null is then reported as missing.
 */

/** A client's own JSON: schemas, template arguments, a model's arguments. A null in there is a value. */
const opaque: ReadonlySet<string> = new Set(['parameters', 'schema', 'json', 'arguments', 'chat_template_kwargs', 'metadata']);

/**
 * Takes members that are null out of `value`, in place. `content: null` stays: an assistant that only called a tool said nothing, which
 * is not the same as an empty text to every chat template.
 */
export function dropNulls(value: object): void {
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) dropNulls(item);
    return;
  }
  for (const key of Object.keys(value)) {
    const inner: unknown = Reflect.get(value, key);
    if (typeof inner !== 'object') continue;
    if (inner !== null) {
      if (!opaque.has(key)) dropNulls(inner);
    } else if (key !== 'content') Reflect.deleteProperty(value, key);
  }
}
