/** The Worker's entry: the fetch handler and the Durable Object classes. No logic lives here. */
import { takeFromQueue, wireHealth, wireLearn, wireRows } from './deps.ts';
import type { Env } from './env.ts';
import { appFor } from './isolate.ts';
import { crashResponse } from './middleware/errors.ts';
import { AdmissionObjectBase } from './objects/admission-object.ts';
import { HealthObjectBase } from './objects/health-object.ts';
import { LearnObjectBase } from './objects/learn-object.ts';
import { LedgerObjectBase } from './objects/ledger-object.ts';
import { RowsObjectBase } from './objects/rows-object.ts';
import { TenantObjectBase } from './objects/tenant-object.ts';
import { wireConfig, wireLog } from './set-up.ts';

export { CollectionObject } from './objects/collection-object.ts';
export { KeptObject } from './objects/kept-object.ts';
export { KeysObject } from './objects/keys-object.ts';
export { SessionObject } from './objects/session-object.ts';

export class HealthObject extends HealthObjectBase {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, wireHealth(env));
  }
}

export class AdmissionObject extends AdmissionObjectBase {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, wireConfig(env));
  }
}

export class LearnObject extends LearnObjectBase {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, wireLearn(env));
  }
}

export class LedgerObject extends LedgerObjectBase {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, env.LEDGER, wireConfig(env).routing, wireLog(env));
  }
}

export class TenantObject extends TenantObjectBase {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, env.LEDGER, wireConfig(env).limits.ledger_shards, wireLog(env));
  }
}

export class RowsObject extends RowsObjectBase {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, wireRows(env));
  }
}

export default {
  async fetch(request, env, ctx) {
    try {
      const app = await appFor(env, (work) => ctx.waitUntil(work));
      return await app.fetch(request, env, ctx);
    } catch (error) {
      return crashResponse(error);
    }
  },
  queue: takeFromQueue,
} satisfies ExportedHandler<Env>;
