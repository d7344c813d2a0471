/** Single events: broken, oversized, endless, misnumbered, out of order, in foreign shapes. */
import { broken, harmless, type FaultCase } from '../fault-case.ts';

export const events: readonly FaultCase[] = [
  // It may have held a piece of the answer.
  broken('bad-json-event', 'upstream_invalid_answer'),
  broken('garbled-event', 'upstream_invalid_answer'),
  // Only two data lines would be legal, but the meaning is unambiguous.
  harmless('line-break-in-event', 'same'),
  harmless('invalid-utf8', 'other'),
  broken('huge-event', 'upstream_too_large'),
  broken('endless-line', 'upstream_too_large', { settings: 'after=2;bytes=3000000' }),
  broken('endless-stream', 'upstream_timeout', { settings: 'ms=100' }),
  // Slow enough to go on for longer than headers wait.
  broken('endless-tool-arguments', 'upstream_too_large', { settings: 'ms=18', needs: 'tools' }),
  harmless('tool-index-negative', 'same', { needs: 'tools' }),
  harmless('tool-index-huge', 'same', { needs: 'tools' }),
  harmless('tool-index-missing', 'same', { needs: 'tools' }),
  harmless('events-after-done', 'same'),
  harmless('double-finish', 'same'),
  harmless('legacy-reasoning', 'same', { needs: 'thinking' }),
  harmless('text-after-finish', 'other'),
  harmless('empty-finish-reasons', 'same'),
  harmless('finish-with-text', 'same'),
  harmless('finish-with-text', 'same', { needs: 'tools' }),
  harmless('finish-with-text', 'same', { needs: 'schema' }),
  harmless('anonymous-first-chunk', 'same'),
  harmless('changing-id', 'same'),
  harmless('odd-usage', 'same'),
  harmless('odd-usage', 'same', { settings: 'choices=empty' }),
  harmless('odd-usage', 'same', { settings: 'choices=delta' }),
];
