/**
 * What staging and production must have before they serve anybody: own secrets, an operator's door, real addresses. Pure, so that
 * `npm run deploy:check` refuses before a deployment what the Worker refuses after it.
 */
import { defaultKeyVar } from '../shared/config.ts';
import type { Settings, UpstreamTarget } from './env.ts';

/** The prefixes of the tokens that anybody can read in this repository. */
const published = /^(?:change.?me|pointsman.local|stand.in-)/i;

/** Names that RFC 2606 sets aside for examples. A loopback address is none: a self-hosted workerd may stand beside its model servers. */
const placeholderHost = /(?:^|\.)(?:example\.(?:com|net|org)|example|invalid|test)$/i;

/** One sentence per mistake, for the operator; none in development, where examples are what one starts with. */
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
    if (value !== null && published.test(value))
      mistakes.push(`${name} is an example that anybody can read; make one of your own.`);
  }
  if (settings.adminToken === null && settings.accessLogin === null)
    mistakes.push(
      'ADMIN_TOKEN is not set, nor ACCESS_TEAM_DOMAIN with ACCESS_AUD: nobody could make a key or read the statistics.',
    );
  if (settings.access === null && targets.some(({ usesAccess }) => usesAccess))
    mistakes.push(
      'ACCESS_CLIENT_ID and ACCESS_CLIENT_SECRET are not set, and upstreams with access: true are behind Cloudflare Access.',
    );
  // The default key may be missing, for servers that ask for none; an operator who names another one wants it sent.
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
