/**
 * Reads what came back instead of an answer: pages of the tunnel and of Cloudflare, and error statuses of model servers. The gateway writes
 * every part of a call except its content, so only an error about the content (400, 413, 422, 451) can be the client's fault, and only if
 * the server's words do not say otherwise. Only in that case do a server's words reach a client; every other failure has the fixed sentence
 * of its code.
 */
import type { ErrorCode, Failure } from '../../../shared/errors.ts';
import type { FailureCause } from './causes.ts';
import { contextWords } from './context-words.ts';
import { type ProviderTrouble, troubleIn } from './provider-words.ts';
import { safeDetail } from './safe-detail.ts';
import type { ServerWords } from './server-words.ts';
import { readTokenLimit, type TokenLimit } from './token-limit.ts';

export interface UpstreamFailure {
  readonly failure: Failure;
  readonly cause: FailureCause;
  /** What the server said about lengths: a larger model may be tried, or fewer tokens asked for. */
  readonly limit?: TokenLimit;
}

/** A part of the answer arrived but could not be read. */
export const unreadable: UpstreamFailure = {
  failure: { code: 'upstream_invalid_answer', detail: 'A part of it could not be read.' },
  cause: 'invalid_answer',
};

/** A whole answer arrived, and is none. */
export const noAnswer: UpstreamFailure = { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' };

/** An HTML page with status 200 instead of an answer: Access asks for a login. */
export const loginPage: UpstreamFailure = { failure: { code: 'upstream_auth' }, cause: 'auth' };

type Row = readonly [ErrorCode, FailureCause];

/** Statuses with one meaning; the others are treated by class. */
const statuses: Readonly<Record<number, Row>> = {
  401: ['upstream_auth', 'auth'],
  402: ['upstream_quota', 'account'],
  403: ['upstream_auth', 'auth'],
  404: ['upstream_model_missing', 'model_missing'],
  // Sent by a proxy on the way, about its connection and not about the request.
  407: ['upstream_unreachable', 'gateway_error'],
  408: ['upstream_timeout', 'timeout'],
  409: ['upstream_error', 'server_error'],
  410: ['upstream_model_missing', 'model_missing'],
  421: ['upstream_unreachable', 'gateway_error'],
  423: ['upstream_error', 'server_error'],
  424: ['upstream_error', 'server_error'],
  425: ['upstream_unreachable', 'gateway_error'],
  429: ['upstream_rate_limited', 'rate_limited'],
  444: ['upstream_unreachable', 'gateway_error'],
  498: ['upstream_overloaded', 'overload'],
  499: ['upstream_unreachable', 'gateway_error'],
  502: ['upstream_unreachable', 'gateway_error'],
  503: ['upstream_overloaded', 'overload'],
  504: ['upstream_timeout', 'gateway_error'],
  522: ['upstream_timeout', 'gateway_error'],
  524: ['upstream_timeout', 'gateway_error'],
  529: ['upstream_overloaded', 'overload'],
  530: ['tunnel_down', 'tunnel'],
};

const troubles: Readonly<Record<ProviderTrouble, Row>> = {
  rate: ['upstream_rate_limited', 'rate_limited'],
  account: ['upstream_quota', 'account'],
  key: ['upstream_auth', 'auth'],
  model: ['upstream_model_missing', 'model_missing'],
  busy: ['upstream_overloaded', 'overload'],
};

/** Statuses about the request's content; the rest of a call is the gateway's own work. */
const aboutContent: ReadonlySet<number> = new Set([400, 413, 422, 451]);
/** Codes whose answer says when to come back. */
const mayWait: ReadonlySet<ErrorCode> = new Set(['upstream_rate_limited', 'upstream_overloaded', 'tunnel_down']);

/** @param waitMs from the Retry-After header, if it had a usable one */
export function statusFailure(
  status: number,
  mediaType: string,
  words: ServerWords | null,
  waitMs: number | null,
): UpstreamFailure {
  const own = words === null ? null : wordedFailure(status, words);
  if (own !== null && 'failure' in own) return own;
  const [code, cause] = own ?? rowOf(status, mediaType, words);
  const wait = waitMs === null || !mayWait.has(code) ? {} : { retryAfterMs: waitMs };
  return { failure: { code, ...wait }, cause };
}

function rowOf(status: number, mediaType: string, words: ServerWords | null): Row {
  // An HTML page comes from a proxy; a model server answers with JSON or with nothing.
  const isPage = mediaType === 'text/html';
  if (status >= 300 && status < 400) return ['upstream_auth', 'auth'];
  if (isPage && (status === 503 || status === 529)) return ['upstream_overloaded', 'gateway_error'];
  // Nothing at this path, although a server may be there: it does not serve this model here.
  if (status === 404 && (isPage || (words !== null && !/model/i.test(words.message)))) return ['upstream_error', 'model_missing'];
  const known = statuses[status];
  if (known !== undefined) return known;
  if (aboutContent.has(status))
    return status === 451 ? ['content_policy_violation', 'content_policy'] : ['upstream_rejected', 'client'];
  if (status >= 400 && status < 500) return ['upstream_error', 'misfit'];
  if (status >= 520 && status < 530) return ['upstream_unreachable', 'gateway_error'];
  if (status >= 500) return ['upstream_error', 'server_error'];
  return isPage ? ['upstream_auth', 'auth'] : ['upstream_invalid_answer', 'invalid_answer'];
}

/** What the words say beyond the status, or against it; null when they add nothing. */
function wordedFailure(status: number, words: ServerWords): UpstreamFailure | Row | null {
  const isContent = aboutContent.has(status);
  const trouble = isContent || status === 401 || status === 403 || status === 429 ? troubleIn(words) : null;
  // A quota that refills and an empty account share the same sentence; only the error's name tells them apart.
  const isForGood = status !== 429 || words.names.some((name) => /insufficient|billing|balance/.test(name));
  if (trouble === 'account' && isForGood) return troubles.account;
  if (trouble === 'rate' && isContent) return troubles.rate;
  const isOfServer = status >= 500 && status < 600 && status !== 503 && status !== 530;
  const limit = isContent || isOfServer ? readTokenLimit(words) : null;
  if (limit !== null && (isContent || !limit.isCompletion)) return tooLong(words, limit, isContent);
  if (isContent && trouble !== null) return troubles[trouble];
  if ((isContent || status === 403) && isContentPolicy(words))
    return { failure: { code: 'content_policy_violation', ...detailOf(words) }, cause: 'content_policy' };
  if (!isContent || status === 451) return null;
  const code = status === 422 ? 'upstream_unprocessable' : 'upstream_rejected';
  return { failure: { code, ...detailOf(words), ...paramOf(words) }, cause: 'client' };
}

/** Either `max_tokens` alone is too large, or prompt and answer together are: a larger model helps only in the second case. */
function tooLong(words: ServerWords, limit: TokenLimit, isContent: boolean): UpstreamFailure {
  const own = isContent ? detailOf(words) : {};
  const { contextTokens, promptTokens, completionTokens } = limit;
  const counts = contextTokens === null ? {} : { tokens: { contextTokens, promptTokens, completionTokens } };
  if (limit.isCompletion) {
    const param = words.param?.startsWith('max_') === true ? words.param : 'max_tokens';
    if (contextTokens === null) return { failure: { code: 'upstream_rejected', ...own, param }, cause: 'client', limit };
    return { failure: { code: 'context_length_exceeded', ...own, param, ...counts }, cause: 'context_length', limit };
  }
  const detail = contextWords(limit);
  const said = detail === null ? own : { detail };
  return { failure: { code: 'context_length_exceeded', ...said, param: 'messages', ...counts }, cause: 'context_length', limit };
}

function isContentPolicy({ message, names }: ServerWords): boolean {
  const sign =
    /content[ _-]?(?:policy|filter|management|moderation)|safety (?:policy|system)|responsible ?ai|moderation|data_inspection/i;
  return sign.test(message) || names.some((name) => sign.test(name)) || /flagged/i.test(message);
}

function detailOf({ message }: ServerWords): { readonly detail?: string } {
  const detail = safeDetail(message);
  return detail === '' ? {} : { detail };
}

function paramOf({ param }: ServerWords): { readonly param?: string } {
  return param === null ? {} : { param: safeDetail(param) };
}
