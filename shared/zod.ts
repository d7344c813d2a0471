/**
 * The schema library as this project uses it: zod's functional form, a fifth of the classic one's size in the bundle, with English
 * messages and without generated code. Schemas import it from here, so that none is ever parsed before zod is set up.
 */
import * as zod from 'zod/mini';
import english from 'zod/v4/locales/en.js';

// workerd forbids code generation; without `jitless` zod probes for it on first use.
zod.config({ ...english(), jitless: true });

export * from 'zod/mini';
