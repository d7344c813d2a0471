/** A 200 that is not an answer, or not what its headers say. */
import { harmless, late, refused, type FaultCase } from '../fault-case.ts';

export const bodies: readonly FaultCase[] = [
  refused('empty-body', 'upstream_invalid_answer'),
  refused('garbage-body', 'upstream_invalid_answer'),
  refused('no-choices', 'upstream_invalid_answer'),
  // The content decides, not the media type.
  harmless('wrong-type', 'same'),
  harmless('no-content-type', 'same'),
  late('hanging-page', 'upstream_timeout'),
  // The body fails at its first byte, which looks like a broken connection.
  refused('lying-encoding', 'upstream_unreachable'),
  refused('short-body', 'upstream_invalid_answer'),
  refused('html-body', 'upstream_auth'),
  harmless('json-for-stream', 'same'),
  harmless('sse-for-json', 'same'),
  harmless('leaky-headers', 'same'),
];
