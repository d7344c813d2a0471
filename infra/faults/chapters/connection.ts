/** The connection. Behind a tunnel all of these are the tunnel's 502. */
import { harmless, late, refused, type FaultCase } from '../fault-case.ts';

export const connection: readonly FaultCase[] = [
  refused('refused', 'upstream_unreachable', { settings: 'ms=300', isContagious: true }),
  refused('reset', 'upstream_unreachable'),
  refused('close-before-headers', 'upstream_unreachable'),
  refused('not-http', 'upstream_unreachable'),
  harmless('slow-headers', 'same', { settings: 'ms=600' }),
  late('slow-headers', 'upstream_timeout', { settings: 'ms=2000' }),
  late('never-answers', 'upstream_timeout'),
  late('wedge', 'upstream_timeout', { settings: 'ms=2000', isContagious: true }),
  harmless('slow-first-event', 'same', { settings: 'ms=600' }),
  late('slow-first-event', 'upstream_timeout', { settings: 'ms=2000' }),
  // Headers count towards the time for the first event, because some servers send them with the first token.
  harmless('slow-headers', 'same', { settings: 'ms=1000' }),
];
