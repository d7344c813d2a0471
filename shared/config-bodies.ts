/** The body of `POST /admin/config/rollback`; the other bodies of `/admin/config` are merge patches over the configuration. */
import * as z from './zod.ts';

export const RollbackBody = z.strictObject({
  /** 0 is the deployed configuration as it is. */
  version: z.int().check(z.gte(0)),
});
