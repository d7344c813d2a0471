/** Faults of a pooling server: those of the table that act before an answer. The others have nothing to act on here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultAction, FaultContext } from '../fault-actions/fault-action.ts';
import { faultActions } from '../fault-actions/registry.ts';
import { isFaultName } from '../faults.ts';
import { flavours } from '../flavours/registry.ts';
import { headerOf } from '../http.ts';
import type { LogEntry } from '../request-log.ts';
import type { Refusal } from '../refusal.ts';
import type { ModelServerState } from '../server.ts';

/** Null lets the answer begin. */
export async function meetPoolingFault(
  state: ModelServerState,
  request: IncomingMessage,
  response: ServerResponse,
  entry: LogEntry,
  gone: AbortSignal,
): Promise<Refusal | 'handled' | null> {
  const { servedName, maxModelLen, flavour } = state.options;
  const asked = state.faults.take(headerOf(request, 'x-standin-fault'), [], entry.id);
  if (asked.length > 0) entry.ending = `fault:${asked.map(({ name }) => name).join('+')}`;
  for (const fault of asked) {
    if (!isFaultName(fault.name)) continue;
    const action: FaultAction = faultActions[fault.name];
    const context: FaultContext = {
      fault,
      response,
      gone,
      servedName,
      maxModelLen,
      words: flavours[flavour].words,
      isContinuation: false,
      promptTokens: 0,
      toolNames: [],
      closeListener: state.controls.closeFor,
      wedgeEngine: state.controls.wedgeFor,
    };
    await action.delay?.(context);
    if (gone.aborted) return 'handled';
    if (action.respond !== undefined) {
      await action.respond(context);
      return 'handled';
    }
    const refusal = action.refuse?.(context) ?? action.refusePlain?.(context) ?? null;
    if (refusal !== null) return refusal;
  }
  return null;
}
