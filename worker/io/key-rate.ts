/**
 * The platform's own limit per key: approximate, per location, and there to keep a flood away from the objects that decide exactly. Where
 * it is missing or fails, nothing is refused.
 */
import type { LogPort } from '../core/ports.ts';

/** Whether the key with this id may send one more request. Never rejects. */
export function createKeyRate(
  binding: Pick<RateLimit, 'limit'> | undefined,
  log: LogPort,
): (keyId: string) => boolean | Promise<boolean> {
  if (binding === undefined) return () => true;
  return async (keyId) => {
    try {
      return (await binding.limit({ key: keyId })).success;
    } catch (error) {
      log.write('warn', 'rate_limit_unavailable', { error });
      return true;
    }
  };
}
