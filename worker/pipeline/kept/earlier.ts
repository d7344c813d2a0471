/** Reads the kept answers that a request goes on from, all at the same time, and makes it whole with them. */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { KeptPage } from '../../core/kept/kept-answer.ts';
import { readStreamId } from '../../core/kept/stream-id.ts';
import type { ReadRequest } from '../../core/surfaces/surface.ts';
import type { PipelineDeps } from '../run/deps.ts';

/** A request that goes on from nothing is the same, and costs nothing here. */
export async function withEarlier(
  { kept }: Pick<PipelineDeps, 'kept'>,
  tenantId: string,
  valid: ReadRequest,
): Promise<Result<ReadRequest, Failure>> {
  const { earlier } = valid;
  if (earlier === undefined) return ok(valid);
  const found = new Map<string, KeptPage>();
  try {
    await Promise.all(
      earlier.names.map(async (name) => {
        const place = readStreamId(name);
        const page = place.ok ? await kept.read({ tenantId, id: place.value.id }, place.value.writerId, 0, 0) : null;
        if (page !== null) found.set(name, page);
      }),
    );
  } catch {
    return fail({ code: 'state_unavailable' });
  }
  return earlier.complete(found);
}
