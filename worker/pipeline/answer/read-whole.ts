/** A 200 that is no event stream: the answer as JSON, whatever it is called, or something pretending to be one. */
import { fail, type Result } from '../../../shared/result.ts';
import type { UpstreamAnswer } from '../../core/ports.ts';
import { createSniffer } from '../../core/sse/sniff.ts';
import type { Dialect } from '../../core/upstreams/dialect.ts';
import { parseLenient } from '../../core/upstreams/lenient-json.ts';
import { loginPage, type UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import type { Opened } from '../run/opened.ts';
import { answerFor } from './answer-for.ts';
import { type Call, tooLarge, unusable } from './call.ts';
import { judged } from './judge.ts';

/** Whether an answer says beforehand how long it is, so that it can be read in one go. */
export function isAnnounced({ asking, run }: Call, { contentLength }: UpstreamAnswer): boolean {
  return !asking.isStream && contentLength !== null && contentLength <= run.deps.config.limits.max_answer_bytes;
}

/** There are servers that answer with events whatever they are asked for. */
export function isEventText(text: string): boolean {
  if (text.startsWith('{')) return false;
  const sniff = createSniffer();
  return sniff(encoder.encode(text.slice(0, sniffedChars))) === 'events';
}

/** A text that was read and turns out to be events. */
export function streamOf(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(text));
      controller.close();
    },
  });
}

const encoder = new TextEncoder();
/** White space before the beginning counts. */
const sniffedChars = 1024;

/** @param text null when it broke off */
export function readWhole(call: Call, text: string | 'too_large' | null, mediaType: string): Result<Opened, UpstreamFailure> {
  if (text === 'too_large') return fail(tooLarge);
  if (mediaType === 'text/html') return fail(loginPage);
  const body = text === null ? null : parseLenient(withoutEndMark(text, call.dialect));
  if (body === null) return fail(unusable);
  const completion = call.dialect.readCompletion(body.value);
  if (!completion.ok) return completion;
  const answer = answerFor(call);
  const fed = answer.feedCompletion(completion.value);
  return fed.kind === 'broken' ? fail(fed.problem) : judged(call.run, call.candidate, { kind: 'whole', answer });
}

/** There are servers that put the end mark of a stream behind their JSON. */
function withoutEndMark(text: string, { isEndMark }: Dialect): string {
  const at = text.lastIndexOf('data:');
  return at > 0 && isEndMark(text.slice(at + 'data:'.length).trim()) ? text.slice(0, at) : text;
}
