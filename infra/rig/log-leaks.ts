/** Searches a gateway's output while it is written for the secrets that the gateway was started with. */
import type { Env } from '../../worker/env.ts';
import { secretsIn } from '../../worker/secrets.ts';

export interface LogLeaks {
  note(text: string): void;
  /** The secrets that were seen. */
  found(): readonly string[];
}

/** Shorter values occur in ordinary words. */
const minLength = 8;

export function watchForLeaks(vars: Readonly<Record<string, string>>): LogLeaks {
  const secrets = secretsIn(vars as unknown as Env).filter((secret) => secret.length >= minLength);
  const longest = Math.max(0, ...secrets.map((secret) => secret.length));
  const found = new Set<string>();
  let tail = '';
  return {
    note(text) {
      const seen = tail + text;
      for (const secret of secrets) if (seen.includes(secret)) found.add(secret);
      tail = seen.slice(-longest);
    },
    found: () => [...found],
  };
}
