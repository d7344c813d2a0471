/** The form of an answer in words, for servers that constrain nothing. */
import type { AskedFormat } from '../request/inner-request.ts';

/** '' where any text will do. */
export function formatWords(format: AskedFormat | undefined): string {
  if (format === undefined || format.kind === 'text') return '';
  const only = 'Answer with one JSON object and nothing else: no words before or after it, no code fence.';
  if (format.kind === 'json_object') return only;
  return `${only.replace('one JSON object', 'JSON')} It must satisfy this JSON Schema:\n${JSON.stringify(format.schema)}`;
}
