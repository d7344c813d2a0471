/** Which faults a request meets: from its header, its message texts and the control surface, and how often each has been shown. */
import type { FaultRequest } from './fault-request.ts';
import { parseFaultRequest } from './fault-request.ts';

export interface FaultBook {
  /** The faults for one request. Counts them as shown. */
  take(header: string | null, directives: readonly FaultRequest[], conversationKey: string): FaultRequest[];
  /** Faults for the next `requests` requests, or for all (null) until set again; [] clears. */
  setDefaults(texts: readonly string[], requests: number | null): void;
  defaults(): { readonly faults: readonly FaultRequest[]; readonly requestsLeft: number | null };
}

/** Conversations whose `times` are remembered; beyond it the oldest is forgotten and may meet its fault again. */
const MAX_COUNTED = 10_000;

export function faultBook(serverId: string): FaultBook {
  const shown = new Map<string, number>();
  let standing: readonly FaultRequest[] = [];
  let requestsLeft: number | null = null;

  const mayShow = (fault: FaultRequest, conversationKey: string): boolean => {
    if (fault.on !== null && fault.on !== serverId) return false;
    if (fault.times === null) return true;
    const key = `${fault.name} ${conversationKey}`;
    const count = shown.get(key) ?? 0;
    if (count >= fault.times) return false;
    shown.delete(key);
    shown.set(key, count + 1);
    const oldest = shown.keys().next();
    if (shown.size > MAX_COUNTED && !oldest.done) shown.delete(oldest.value);
    return true;
  };

  return {
    take(header, directives, conversationKey) {
      const asked = [...(header === null ? [] : header.split(',').flatMap(parseFaultRequest)), ...directives];
      const hasStanding = standing.length > 0 && requestsLeft !== 0;
      if (hasStanding && requestsLeft !== null) requestsLeft -= 1;
      return [...asked, ...(hasStanding ? standing : [])].filter((fault) => mayShow(fault, conversationKey));
    },
    setDefaults(texts, requests) {
      standing = texts.flatMap(parseFaultRequest);
      requestsLeft = requests;
    },
    defaults: () => ({ faults: standing, requestsLeft }),
  };
}
