/** A 200 that is no event stream: the answer as JSON, whatever it is called, or something pretending to be one. */
import { fail, type Result } from '../../../shared/result.ts';
import type { Dialect } from '../../core/upstreams/dialect.ts';
import { parseLenient } from '../../core/upstreams/lenient-json.ts';
import { loginPage, type UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import type { Opened } from '../run/opened.ts';
import { answerFor } from './answer-for.ts';
import { type Call, tooLarge, unusable } from './call.ts';
import { judged } from './judge.ts';
import type { Source } from './source.ts';

export async function readWhole(call: Call, source: Source, mediaType: string): Promise<Result<Opened, UpstreamFailure>> {
  const text = await source.readText(call.run.deps.config.limits.max_answer_bytes);
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
