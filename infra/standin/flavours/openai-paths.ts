/** What servers with OpenAI's wire have in common. */
import type { IncomingHttpHeaders } from 'node:http';

export function openAiPaths(base: string) {
  return { chat: `${base}/chat/completions`, models: `${base}/models` };
}

export function bearerIn({ authorization }: IncomingHttpHeaders): string | null {
  return /^Bearer (.*)$/.exec(authorization ?? '')?.[1] ?? null;
}
