/**
 * What staging and production must have before they serve requests: their own secrets, a login for operators, real addresses. Pure, so
 * that `npm run doctor` refuses before a deployment what the Worker would refuse after it.
 */
import { defaultKeyVar } from '../shared/config.ts';
import type { Settings, UpstreamTarget } from './env.ts';

/** Prefixes of the tokens that are published in this repository. */
const published = /^(?:change.?me|pointsman.local|stand.in-)/i;

/** Names that RFC 2606 reserves for examples. Loopback addresses are allowed: a self-hosted workerd may run beside its model servers. */
const placeholderHost = /(?:^|\.)(?:example\.(?:com|net|org)|example|invalid|test)$/i;

/** One sentence per mistake, for the operator; none in development, where example values are normal. */
export function deploymentMistakes(settings: Settings, targets: readonly UpstreamTarget[]): string[] {
  if (settings.environment === 'development') return [];
  const mistakes: string[] = [];
  const keys = new Map(targets.map(({ keyVariable, key }) => [keyVariable, key]));
  const secrets = new Map([
    ['ADMIN_TOKEN', settings.adminToken],
    ...keys,
    ['ACCESS_CLIENT_SECRET', settings.access?.clientSecret ?? null],
  ]);
  for (const [name, value] of secrets) {
    if (value !== null && published.test(value)) mistakes.push(`${name} is a published example; create your own.`);
  }
  if (settings.adminToken === null && settings.accessLogin === null)
    mistakes.push(
      'ADMIN_TOKEN is not set, nor ACCESS_TEAM_DOMAIN with ACCESS_AUD: nobody could create a key or read the statistics.',
    );
  if (settings.access === null && targets.some(({ usesAccess }) => usesAccess))
    mistakes.push(
      'ACCESS_CLIENT_ID and ACCESS_CLIENT_SECRET are not set, and upstreams with access: true are behind Cloudflare Access.',
    );
  // The default key may be missing, for servers that need none; one that a configuration names must be set.
  for (const [name, key] of keys) {
    if (key === null && name !== defaultKeyVar) mistakes.push(`${name} is not set; it holds the API key of a model server.`);
  }
  for (const { originVariable, origin } of targets) {
    const { hostname } = new URL(origin);
    if (placeholderHost.test(hostname))
      mistakes.push(`${originVariable} is a placeholder (${hostname}); it needs the model server's own hostname.`);
  }
  return mistakes;
}

/** In words that anybody may read: no name of a variable, no address. The first that fits counts. */
const areas: readonly (readonly [RegExp, string])[] = [
  [/published example/, 'secrets that are published examples'],
  [/^ADMIN_TOKEN|^ACCESS_TEAM_DOMAIN|^ACCESS_AUD/, 'a way in for operators'],
  [/^ACCESS_CLIENT/, "the tunnel's service token"],
  [/API key of a model server/, 'keys of model servers'],
  [/provider of pod|id of a pod/, 'rented pods'],
  [/holds the origin|is a placeholder|_URL (?:is|must)/, 'addresses of model servers'],
  [/^CONFIG_|: .*: /, 'the configuration'],
];

/** What a deployment lacks, by area, for the public answer: the sentences themselves are for the log. */
export function lacking(mistakes: readonly string[]): string {
  const named = mistakes.map((mistake) => areas.find(([pattern]) => pattern.test(mistake))?.[1] ?? 'a setting');
  return [...new Set(named)].join(', ');
}
