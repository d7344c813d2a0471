/** The Worker's entry: the fetch handler and the Durable Object classes. No logic lives here. */
import type { HonoBase } from 'hono/hono-base';
import { createApp } from './app.ts';
import { createDeps, wireConfig, wireHealth, wireLog } from './deps.ts';
import type { Env } from './env.ts';
import type { AppEnv } from './middleware/context.ts';
import { crashResponse } from './middleware/errors.ts';
import { AdmissionObjectBase } from './objects/admission-object.ts';
import { HealthObjectBase } from './objects/health-object.ts';
import { LedgerObjectBase } from './objects/ledger-object.ts';
import { TenantObjectBase } from './objects/tenant-object.ts';

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

let app: Promise<HonoBase<AppEnv>> | null = null;

export default {
  async fetch(request, env, ctx) {
    app ??= createDeps(env).then(createApp);
    try {
      return await (await app).fetch(request, env, ctx);
    } catch (error) {
      return crashResponse(error);
    }
  },
} satisfies ExportedHandler<Env>;
