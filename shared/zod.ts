/**
 * The schema library as this project uses it: zod's functional form, a fifth of the classic one's size in the bundle, with English
 * messages and without generated code. Schemas import it from here, so that none is ever parsed before zod is set up.
 */
import * as zod from 'zod/mini';
import english from 'zod/v4/locales/en.js';

// workerd forbids code generation; without `jitless` zod probes for it on first use.
zod.config({ ...english(), jitless: true });

export * from 'zod/mini';

/**
 * A strict object whose fields are made when the first value is parsed. Making a schema takes about as long as parsing with it some dozens of
 * times, and an isolate without overrides and admin requests never needs those of the configuration and of keys (docs/decisions/0014-what-is-uploaded.md).
 */
export const lateObject = <Shape extends zod.core.$ZodLooseShape>(
  fields: () => Shape,
): zod.ZodMiniLazy<zod.ZodMiniObject<Shape, zod.core.$strict>> => zod.lazy(() => zod.strictObject(fields()));
