/**
 * What a tunnel's configuration lets through, by cloudflared's own rules, and what is wrong with it. cloudflared takes most mistakes without a
 * word: an access block in the wrong place guards nothing, a path that is not anchored matches anywhere.
 */
import * as z from 'zod';
import type { ModelKind } from '../../shared/config.ts';
import type { InnerRequest } from '../../worker/core/request/inner-request.ts';
import type { PoolingTask } from '../../worker/core/request/pooling-task.ts';
import type { Dialect } from '../../worker/core/upstreams/dialect.ts';

const duration = z.string().regex(/^\d+(ms|s|m|h)$/, 'a duration such as 30s');

const Access = z.strictObject({
  required: z.literal(true),
  teamName: z.string().min(1),
  audTag: z.array(z.string().min(1)).min(1),
});

const Origin = z.strictObject({
  connectTimeout: duration.optional(),
  tcpKeepAlive: duration.optional(),
  keepAliveTimeout: duration.optional(),
  keepAliveConnections: z.int().positive().optional(),
});

const Rule = z.strictObject({
  hostname: z.string().optional(),
  path: z.string().optional(),
  service: z.string(),
  originRequest: Origin.extend({ access: Access.optional() }).optional(),
});

/** Keys that this project uses; cloudflared knows more, and an unknown one is more often a slip than a wish. */
export const TunnelConfig = z.strictObject({
  tunnel: z.uuid(),
  'credentials-file': z.string().startsWith('/'),
  metrics: z.string().regex(/^127\.0\.0\.1:\d+$/, 'on the loopback address'),
  'no-autoupdate': z.boolean().optional(),
  'grace-period': duration.optional(),
  originRequest: Origin.optional(),
  ingress: z.array(Rule).min(2),
});

export type TunnelConfig = z.infer<typeof TunnelConfig>;

/** The service of the first rule that fits, as cloudflared chooses it. */
export function serviceFor({ ingress }: TunnelConfig, hostname: string, path: string): string | null {
  const rule = ingress.find(
    (entry) =>
      (entry.hostname === undefined || entry.hostname === hostname) &&
      (entry.path === undefined || new RegExp(entry.path).test(path)),
  );
  return rule?.service ?? null;
}

/** What lets in somebody or something that should stay out; empty when nothing does. */
export function openings({ ingress }: TunnelConfig): string[] {
  const mistakes = ingress.slice(0, -1).flatMap(({ hostname, path = '', service, originRequest }, i) => {
    const at = `ingress[${i}]`;
    return [
      ...(hostname === undefined ? [`${at}: no hostname, so it matches them all`] : []),
      ...(hostname?.includes('*') === true ? [`${at}.hostname: a wildcard`] : []),
      ...(/^\^.*\$$/.test(path) ? [] : [`${at}.path: must be anchored, ^…$; otherwise it matches anywhere in a path`]),
      ...(/^http:\/\/127\.0\.0\.1:\d+$/.test(service) ? [] : [`${at}.service: must be http://127.0.0.1:PORT`]),
      ...(originRequest?.access === undefined
        ? [`${at}.originRequest.access: missing; at the top of the file it would be ignored`]
        : []),
    ];
  });
  const last = ingress.at(-1);
  const isCatchAll = last?.hostname === undefined && last?.path === undefined && last?.service === 'http_status:404';
  return isCatchAll
    ? mistakes
    : [...mistakes, `ingress[${ingress.length - 1}]: the last rule must be service: http_status:404 alone`];
}

/** What has to be replaced before it can run. */
export function placeholders({ tunnel, ingress }: TunnelConfig): string[] {
  return [
    ...(/^[0-]+$/.test(tunnel) ? ['tunnel: the id that `cloudflared tunnel create` prints'] : []),
    ...ingress.flatMap(({ hostname, originRequest }, i) => [
      ...(hostname?.endsWith('.example.com') === true ? [`ingress[${i}].hostname: ${hostname}`] : []),
      ...(originRequest?.access?.teamName === 'REPLACE' ? [`ingress[${i}].originRequest.access.teamName`] : []),
      ...(originRequest?.access?.audTag.includes('REPLACE') === true ? [`ingress[${i}].originRequest.access.audTag`] : []),
    ]),
  ];
}

const anyRequest = {
  messages: [],
  tools: [],
  sampling: {},
  extras: {},
  choiceCount: 1,
  format: { kind: 'text' },
} as unknown as InnerRequest;
const anyOptions = {
  servedName: 'm',
  maxTokens: 1,
  cacheSalt: null,
  wantsLogprobs: false,
  hasGrammar: false,
  continueFrom: null,
};
const tasks: Readonly<Record<Exclude<ModelKind, 'chat'>, PoolingTask>> = {
  embedding: { kind: 'embedding', inputs: ['x'], truncateTokens: null, dimensions: null, encoding: 'float' },
  classifier: { kind: 'classifier', inputs: ['x'], truncateTokens: null },
  reranker: { kind: 'reranker', query: 'x', inputs: ['x'], truncateTokens: null },
} as unknown as Readonly<Record<Exclude<ModelKind, 'chat'>, PoolingTask>>;

/** Every path that the gateway asks of a server of this dialect for models of this kind. */
export function pathsOf(dialect: Dialect, kind: ModelKind): ReadonlySet<string> {
  const { models, load } = dialect.probe;
  const paths = new Set([...(models === null ? [] : [models.path]), ...(load === null ? [] : [load.path])]);
  if (kind === 'chat') {
    for (const isStream of [true, false]) paths.add(dialect.encode(anyRequest, { ...anyOptions, isStream }).path);
    if (dialect.counting !== undefined) paths.add(dialect.counting.encode(anyRequest, 'm').path);
  } else {
    const encoded = dialect.pooling?.encode(tasks[kind], 'm');
    if (encoded?.ok === true) paths.add(encoded.value.path);
  }
  return paths;
}
