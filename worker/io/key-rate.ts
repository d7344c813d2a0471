/**
 * The platform's own limit per key: approximate, per location, and there to keep a flood away from the objects that decide exactly. Where
 * it is missing or fails, nothing is refused.
 */
import type { LogPort } from '../core/ports.ts';

/** Whether the key with this id may send one more request. Never rejects. */
export function createKeyRate(binding: Pick<RateLimit, 'limit'> | undefined, log: LogPort): (keyId: string) => Promise<boolean> {
  return async (keyId) => {
    if (binding === undefined) return true;
    try {
      return (await binding.limit({ key: keyId })).success;
    } catch (error) {
      log.write('warn', 'rate_limit_unavailable', { error });
      return true;
    }
  };
}
