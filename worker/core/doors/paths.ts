/** Paths as clients write them: normalises spellings of a path, and finds the path that was meant by one that does not exist. */

/**
 * The path without doubled and trailing slashes, which result from joining base URLs and paths. Operators' paths must be spelled exactly,
 * because rules in front of the Worker (Access, firewalls) match them by their spelling.
 *
 * @param isClosed whether a path is an operators' path
 */
export function tidyPath(path: string, isClosed: (path: string) => boolean): string {
  if (!path.includes('//') && !path.endsWith('/')) return path;
  const tidy = path.replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  return isClosed(tidy) ? path : tidy;
}

/** Names that other APIs have for the paths served here, matched at the end of the path. */
const foreign: readonly (readonly [RegExp, string])[] = [
  [/\/(?:completions?|messages|responses|chat|generate|generate_stream|complete|invocations|converse)$/, '/v1/chat/completions'],
  [/\/(?:v1|openai|api)$/, '/v1/chat/completions'],
  [/\/(?:models|model|tags|engines)(?:\/.*)?$/, '/v1/models'],
  [/\/(?:healthz?|status|ping|up)$/, '/health'],
  [/\/(?:live|liveness)$/, '/livez'],
  [/\/(?:ready|readiness)$/, '/readyz'],
];

const hintChars = 512;

/**
 * The path of `served` that was meant, or null. `/chat/completions`, `/v1/v1/chat/completions` and `/openai/v1/chat/completions` are one
 * wrong base URL each; `/api/chat` is another API.
 */
export function meantPath(path: string, served: readonly string[]): string | null {
  const asked = path.slice(0, hintChars).toLowerCase();
  const ending = served.find((known) => asked.endsWith(known.replace(/^\/v1/, '')));
  if (ending !== undefined) return ending;
  const found = foreign.find(([pattern]) => pattern.test(asked))?.[1];
  return found !== undefined && served.includes(found) ? found : null;
}
