/** How many tokens a server has read and made since it started, as its metrics tell, whoever still listens. */
import type { Lease } from './pacer.ts';

export interface ServedTokens {
  /** Read. */
  prompt: number;
  /** Made, counted as they are made. */
  generated: number;
  /** Of these, those of answers that have ended: all that llama.cpp tells of. */
  ended: number;
}

export const noTokens = (): ServedTokens => ({ prompt: 0, generated: 0, ended: 0 });

/** The same place, counted. @param promptTokens read once its first output is there */
export function counted(lease: Lease, promptTokens: number, counts: ServedTokens): Lease {
  let [unread, made] = [promptTokens, 0];
  const read = (isThere: boolean): boolean => {
    if (isThere) counts.prompt += unread;
    if (isThere) unread = 0;
    return isThere;
  };
  return {
    ready: async () => read(await lease.ready()),
    async next() {
      const isThere = read(await lease.next());
      if (isThere) counts.generated += 1;
      if (isThere) made += 1;
      return isThere;
    },
    end() {
      counts.ended += made;
      made = 0;
      lease.end();
    },
  };
}
