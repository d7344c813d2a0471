/** A stream that is picked up again, and one that is stopped: by whoever has a key of its tenant, at any place, any number of times. */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { KeptPage, KeptState } from '../../core/kept/kept-answer.ts';
import { beyondEnd, type StreamName } from '../../core/kept/stream-id.ts';
import type { Background } from '../../core/ports.ts';
import type { Surface } from '../../core/surfaces/surface.ts';
import type { PipelineDeps } from '../run/deps.ts';
import { endedAnswer, followedAnswer, type Following, replayOf, type SentAnswer, streamHeaders } from './follow.ts';

export interface Resuming {
  readonly tenantId: string;
  readonly name: StreamName;
  /** The number of the last event that the reader has, and whether a header said so. */
  readonly after: number;
  readonly isHeader: boolean;
  readonly background: Background;
}

/** The rest of a stream, which goes on while it runs. 204 where there is none: a browser's EventSource stops then. */
export async function resume(
  deps: PipelineDeps,
  surfaces: readonly Surface[],
  { tenantId, name, after, isHeader, background }: Resuming,
): Promise<Result<SentAnswer, Failure>> {
  const place = { tenantId, id: name.id };
  let page: KeptPage | null;
  try {
    page = await deps.kept.read(place, name.writerId, 0, 0);
  } catch {
    return fail({ code: 'state_unavailable' });
  }
  const surface = surfaces.find(({ path }) => path === page?.opening.surface);
  if (page === null || !page.opening.hasIds || surface === undefined) return fail(unknownStream(deps));
  if (page.isTooLong) return fail(notKept);
  const following: Following = { deps, place, surface, background, after };
  const { ending } = page;
  if (ending === null) return ok(followedAnswer(following, page));
  if (ending.kind === 'failed' && page.pieces.length === 0) return ok(endedAnswer(following, page, ending));
  const count = countOf(following, page);
  if (after > count) return fail(beyondEnd(count, isHeader));
  if (after === count) return ok({ status: 204, headers: [], body: null });
  return ok(endedAnswer(following, page, ending));
}

/** The same of an answer that is stored: as a stream also where its own client read it whole. */
export function resumeStored(following: Following, stored: KeptPage): Result<SentAnswer, Failure> {
  if (stored.isTooLong) return fail(notKept);
  const page: KeptPage = { ...stored, opening: { ...stored.opening, isStream: true, hasIds: true } };
  const { ending } = page;
  if (ending === null) return ok(followedAnswer(following, page));
  const count = countOf(following, page);
  if (following.after > count) return fail(beyondEnd(count - 1, false));
  const replay = replayOf(following, page);
  const body = replay.write(page.pieces) + replay.end(ending);
  return ok({ status: 200, headers: streamHeaders(following, page), body });
}

/** Stops it, for everybody who reads it. */
export async function cancelStream(
  deps: PipelineDeps,
  { tenantId, name }: Pick<Resuming, 'tenantId' | 'name'>,
): Promise<Result<KeptState, Failure>> {
  try {
    const state = await deps.kept.cancel({ tenantId, id: name.id }, name.writerId);
    return state === null ? fail(unknownStream(deps)) : ok(state);
  } catch {
    return fail({ code: 'state_unavailable' });
  }
}

function countOf(following: Following, { pieces, ending, ...page }: KeptPage): number {
  const replay = replayOf(following, { pieces, ending, ...page });
  replay.write(pieces);
  if (ending !== null) replay.end(ending);
  return replay.count();
}

const notKept: Failure = {
  code: 'not_found',
  param: 'id',
  sentence: 'This answer became longer than is kept of one: it goes on for the client that asked for it, and cannot be resumed.',
};

/** The same for a stream that never was, one that is over and one of another tenant: nobody learns of others' streams. */
function unknownStream({ config }: PipelineDeps): Failure {
  const minutes = Math.round(config.routing.kept.lifetime_ms / 60_000);
  const sentence = `There is no such stream: its id is wrong, its answer was not resumable, or it ended more than ${minutes} minutes ago and has expired.`;
  return { code: 'not_found', param: 'id', sentence };
}
