/** `/admin/keys`: create, list, rotate and revoke API keys. A key is shown once, when it is created; only its hash is stored. */
import type { Context } from 'hono';
import { type Failure, GatewayError } from '../../shared/errors.ts';
import type { UpdateKeyBody } from '../../shared/key-bodies.ts';
import type { Result } from '../../shared/result.ts';
import { parseCreateKey, parseRevokeKey, parseRotateKey, parseUpdateKey } from '../core/auth/admin-bodies.ts';
import { formatKey, keyRandomBytes } from '../core/auth/key-format.ts';
import {
  createKeyRecord,
  endedWhy,
  type KeyRecord,
  type NewKey,
  publicKey,
  revokeKeyRecord,
  rotateKeyRecord,
  updateKeyRecord,
} from '../core/auth/key-record.ts';
import { modelIdOf } from '../core/route/model-names.ts';
import { parseJsonObject } from '../core/validate/json-object.ts';
import type { Deps } from '../deps.ts';
import { readJsonText } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';

type Handler = (c: Context<AppEnv>) => Promise<Response>;

export function listKeys(deps: Deps): Handler {
  return async (c) => {
    const limit = readLimit(c.req.query('limit'));
    const after = c.req.query('after') ?? '';
    if (after !== '' && !idPattern.test(after)) throw invalid('after', 'The id of a key.');
    const records = await deps.keys.list(after, limit + 1);
    const page = records.slice(0, limit);
    const data = await shown(deps, page);
    return c.json({ object: 'list', data, has_more: records.length > limit, last_id: page.at(-1)?.id ?? null });
  };
}

export function getKey(deps: Deps): Handler {
  return async (c) => {
    const [key] = await shown(deps, [await existing(deps, c)]);
    return c.json(key);
  };
}

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;
const defaultPage = 100;
const maxPage = 500;

function readLimit(text: string | undefined): number {
  if (text === undefined) return defaultPage;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > maxPage) throw invalid('limit', `A number from 1 to ${maxPage}.`);
  return limit;
}

function invalid(param: string, detail: string): GatewayError {
  return new GatewayError({ code: 'invalid_value', param, detail });
}

/** Records with what the statistics know of the keys. */
async function shown(deps: Deps, records: readonly KeyRecord[]) {
  const seen = await deps.pipeline.ledger.keysSeen(records.map(({ id }) => id));
  return records.map((record, index) => ({ ...publicKey(record), ...seen[index] }));
}

export function createKey(deps: Deps): Handler {
  return async (c) => {
    const nowMs = deps.pipeline.clock.now();
    const body = unwrap(parseCreateKey(await readObject(deps, c), nowMs));
    checkNames(deps, body);
    const limits = { ...body.limits, models: limitsById(deps, body.limits.models) };
    const { token, key } = await makeKey(deps);
    const record = createKeyRecord({ ...body, limits }, key, nowMs);
    await deps.keys.put([record], audit(deps, c, 'key.create', record.id));
    return c.json({ key: token, ...publicKey(record) }, 201);
  };
}

export function updateKey(deps: Deps): Handler {
  return async (c) => {
    const record = await existing(deps, c);
    const nowMs = deps.pipeline.clock.now();
    const body = unwrap(parseUpdateKey(await readObject(deps, c), nowMs));
    if (endedWhy(record, nowMs) === 'revoked') throw new GatewayError({ code: 'invalid_request', detail: 'The key is revoked.' });
    checkNames(deps, body);
    const { models } = body.limits ?? {};
    const limits = models === undefined ? body.limits : { ...body.limits, models: limitsById(deps, models) };
    const updated = updateKeyRecord(record, limits === undefined ? body : { ...body, limits });
    const line = audit(deps, c, 'key.update', `${record.id}: ${Object.keys(body).join(', ')}`);
    if (!(await deps.keys.replace(record, updated, line))) throw new GatewayError({ code: 'conflict' });
    return c.json(publicKey(updated));
  };
}

/** Revoked everywhere within a minute, and removed from the list. What it spent stays in the statistics and in its tenant's budgets. */
export function deleteKey(deps: Deps): Handler {
  return async (c) => {
    const record = await existing(deps, c);
    await deps.keys.remove(record, audit(deps, c, 'key.delete', record.id));
    return c.json({ object: 'key', id: record.id, deleted: true });
  };
}

/** Refuses plans and models that are not configured; otherwise the mistake would show only when the key is used. */
function checkNames(
  { pipeline: { config } }: Deps,
  { plan, allowed_models: models }: Pick<UpdateKeyBody, 'plan' | 'allowed_models'>,
): void {
  const unknown = (models ?? []).filter((id) => !Object.hasOwn(config.models, id));
  if (unknown.length > 0) throw invalid('allowed_models', `There is no model ${unknown.join(', ')}.`);
  const plans = Object.keys(config.routing.admission.plans);
  if (plan !== undefined && !plans.includes(plan))
    throw invalid('plan', `There is no plan ${plan}; there are: ${plans.join(', ')}.`);
}

/** The limits of models by configured id, whichever names the body used. */
function limitsById<T>({ pipeline: { config } }: Deps, byName: Readonly<Record<string, T>>): Record<string, T> {
  const byId: Record<string, T> = {};
  for (const [name, limit] of Object.entries(byName)) {
    const id = modelIdOf(name, config);
    if (id === null || Object.hasOwn(byId, id)) {
      const detail = id === null ? `"${name}" is not a single model.` : `${id} has two limits.`;
      throw new GatewayError({ code: 'invalid_value', param: `limits.models.${name}`, detail });
    }
    byId[id] = limit;
  }
  return byId;
}

export function rotateKey(deps: Deps): Handler {
  return async (c) => {
    const old = await existing(deps, c);
    const body = unwrap(parseRotateKey(await readObject(deps, c)));
    const { token, key } = await makeKey(deps);
    const rotated = rotateKeyRecord(old, body, key, deps.pipeline.clock.now());
    if (rotated === null) {
      const why = endedWhy(old, deps.pipeline.clock.now()) === 'expired' ? 'has expired' : 'is revoked';
      throw new GatewayError({ code: 'invalid_request', detail: `The key ${why}; make a new one.` });
    }
    const line = audit(deps, c, 'key.rotate', `${old.id} -> ${rotated.fresh.id}`);
    if (!(await deps.keys.put([rotated.old, rotated.fresh], line))) {
      throw new GatewayError({ code: 'conflict', detail: 'The key was rotated or revoked; no new key was made.' });
    }
    return c.json({ key: token, ...publicKey(rotated.fresh) }, 201);
  };
}

export function revokeKey(deps: Deps): Handler {
  return async (c) => {
    const record = await existing(deps, c);
    unwrap(parseRevokeKey(await readObject(deps, c)));
    const revoked = revokeKeyRecord(record, deps.pipeline.clock.now());
    await deps.keys.put([revoked], audit(deps, c, 'key.revoke', record.id));
    return c.json(publicKey(revoked));
  };
}

/** `POST /admin/stats/reset`: resets the statistics; the audit log keeps who did it and when. */
export function resetStats(deps: Deps): Handler {
  return async (c) => {
    await deps.pipeline.ledger.reset();
    await deps.keys.note(audit(deps, c, 'stats.reset', 'ledger'));
    return c.json({ reset: true });
  };
}

export function auditLog(deps: Deps): Handler {
  return async (c) => {
    const lines = await deps.keys.audit(200);
    const data = lines.map(({ atMs, ...line }) => ({ at: new Date(atMs).toISOString(), ...line }));
    return c.json({ object: 'list', data });
  };
}

async function existing(deps: Deps, c: Context<AppEnv>): Promise<KeyRecord> {
  const id = c.req.param('id') ?? '';
  const record = idPattern.test(id) ? await deps.keys.get(id) : null;
  if (record === null) throw new GatewayError({ code: 'not_found', sentence: 'There is no key with that id.' });
  return record;
}

/** A body may be left out where every field has a default. */
export async function readObject(deps: Deps, c: Context<AppEnv>): Promise<unknown> {
  // workerd turns a missing body into an empty one.
  if (c.req.raw.body === null || c.req.header('content-length') === '0') return {};
  const { limits } = deps.pipeline.config;
  const text = await readJsonText(c, limits, deps.pipeline.timers);
  return text === '' ? {} : unwrap(parseJsonObject(text, limits));
}

async function makeKey(deps: Deps): Promise<{ token: string; key: NewKey }> {
  const made = formatKey(deps.keyEnvironment, deps.randomBytes(keyRandomBytes));
  if (!made.ok) throw new Error(`a key could not be written: ${made.failure}`);
  const { token, prefix } = made.value;
  return { token, key: { id: `key_${deps.pipeline.newId()}`, hashHex: await deps.digest(token), prefix } };
}

export function audit(deps: Deps, c: Context<AppEnv>, action: string, subject: string) {
  return { atMs: deps.pipeline.clock.now(), actor: c.get('actor'), action, subject };
}

export function unwrap<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new GatewayError(result.failure);
  return result.value;
}
