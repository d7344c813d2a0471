/** An answer that was kept, as a response. */
import type { SentAnswer } from '../pipeline/kept/follow.ts';

export function sent({ status, headers, body }: SentAnswer, more: readonly (readonly [string, string])[] = []): Response {
  return new Response(body, { status, headers: [...headers, ...more].map(([name, value]): [string, string] => [name, value]) });
}
