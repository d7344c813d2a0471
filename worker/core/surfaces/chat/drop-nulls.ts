/**
 * `null` means "not set" in every optional field, however deep: clients send back what their libraries print, such as
 * `"function_call": null`. One pass over the body instead of a rule per field. A required field that is null is reported as missing.
 */

/** A client's own JSON: schemas, template arguments, arguments of calls. A null inside is a value. */
const opaque: ReadonlySet<string> = new Set(['parameters', 'schema', 'json', 'arguments', 'chat_template_kwargs', 'metadata']);

/**
 * Removes members that are null from `value`, in place. `content: null` stays: some chat templates distinguish an assistant message
 * without content (only tool calls) from one with empty text.
 */
export function dropNulls(value: object, opaqueFields: ReadonlySet<string> = opaque): void {
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) dropNulls(item, opaqueFields);
    return;
  }
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    const inner: unknown = Reflect.get(value, key);
    if (typeof inner !== 'object') continue;
    if (inner !== null) {
      if (!opaqueFields.has(key)) dropNulls(inner, opaqueFields);
    } else if (key !== 'content') Reflect.deleteProperty(value, key);
  }
}
