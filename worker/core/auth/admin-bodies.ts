/** Reads the bodies of the key admin routes and says in one sentence what is wrong with a bad one. */
import type { Failure } from '../../../shared/errors.ts';
import { CreateKeyBody, RevokeKeyBody, RotateKeyBody, UpdateKeyBody } from '../../../shared/key-bodies.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type * as z from '../../../shared/zod.ts';
import { shapeFailure } from '../validate/shape-failure.ts';

/** The validated body, defaults filled in; `nowMs` because a key must not expire before it exists. A failure names the field. */
export function parseCreateKey(body: unknown, nowMs: number): Result<CreateKeyBody, Failure> {
  const parsed = parse(CreateKeyBody, body);
  return parsed.ok && isPast(parsed.value.expires_at, nowMs) ? inThePast : parsed;
}

/** The validated body, with only the fields that were given. */
export function parseUpdateKey(body: unknown, nowMs: number): Result<UpdateKeyBody, Failure> {
  const parsed = parse(UpdateKeyBody, body);
  return parsed.ok && isPast(parsed.value.expires_at ?? null, nowMs) ? inThePast : parsed;
}

const inThePast = fail<Failure>({ code: 'invalid_value', param: 'expires_at', detail: 'expires_at: lies in the past' });

function isPast(time: string | null, nowMs: number): boolean {
  return time !== null && Date.parse(time) <= nowMs;
}

/** The validated body; a missing one (`null`, `undefined`) means no grace period. */
export function parseRotateKey(body: unknown): Result<RotateKeyBody, Failure> {
  return parse(RotateKeyBody, body ?? {});
}

/** The validated body, which may be missing. */
export function parseRevokeKey(body: unknown): Result<RevokeKeyBody, Failure> {
  return parse(RevokeKeyBody, body ?? {});
}

/** Reports the first fault only: an operator fixes one at a time. */
function parse<T>(schema: z.ZodMiniType<T>, body: unknown): Result<T, Failure> {
  const parsed = schema.safeParse(body);
  return parsed.success ? ok(parsed.data) : fail(shapeFailure(parsed.error, body, []));
}
