/** The beginning of a stream: as much as must be read before it may be shown, or all of it for a client of a whole answer. */
import { fail, type Result } from '../../../shared/result.ts';
import { type Answer, isComplete } from '../../core/answer/answer.ts';
import { contentOf } from '../../core/answer/choice.ts';
import { judgeEnding } from '../../core/answer/verdict.ts';
import { bytesToAwait, endsSurely } from '../../core/sse/gather.ts';
import { demandedCall } from '../../core/tools/tool-choice.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import type { FedPiece, Intake, Opened, Stop, StreamEnd } from '../run/opened.ts';
import { answerFor, argumentsPolicyOf } from './answer-for.ts';
import { type Call, timedOut, tooLarge, unusable, watchCall } from './call.ts';
import { openIntake } from './intake.ts';
import { canJudge, isJudged, judged } from './judge.ts';
import type { Source } from './source.ts';

/** Waits for the stream's first token, and for as much more as must be read before it may be shown; or for all of it. */
export async function begin(
  call: Call,
  source: Source,
  onBegun: (isRead: boolean) => void,
): Promise<Result<Opened, UpstreamFailure>> {
  const { run, candidate, startedAtMs } = call;
  const answer = answerFor(call);
  const abort = (): void => call.controller.abort();
  const intake = openIntake(answer, source, run.deps.timers, abort);
  const held: FedPiece[] = [];
  const begun = await holdUntil(call, intake, held, () => hasBegun(answer));
  onBegun(begun === null);
  if (begun !== null) return fail(begun);
  if (!run.tried.isStreamed) {
    const problem = await collect(call, source, intake, answer);
    return problem === null ? judged(run, candidate, { kind: 'whole', answer }) : fail(problem);
  }
  if (!mayShow(call, answer)) {
    const watch = watchCall(call, answer);
    const problem = await holdUntil(call, intake, held, () => mayShow(call, answer));
    watch.stop();
    if (problem !== null) return fail(problem);
  }
  answer.state.isShown = true;
  return judged(run, candidate, { kind: 'stream', stream: { candidate, startedAtMs, answer, intake, held, abort } });
}

/** A role chunk says nothing yet: until the first token the chain is free to try elsewhere. */
function hasBegun({ state }: Answer): boolean {
  return state.contentEvents > 0 || isComplete(state);
}

/** Whether enough is known of this answer to decide that it may be shown. */
function mayShow({ run, candidate }: Call, answer: Answer): boolean {
  const { deps, asked } = run;
  if (isComplete(answer.state)) return true;
  if (isJudged(run, candidate) && !canJudge(deps, answer)) return false;
  const hasTools = asked.request.tools !== undefined;
  const mustCall = demandedCall(asked.request) !== null;
  const waitsForCalls = mustCall || (hasTools && argumentsPolicyOf(run) === 'escalate');
  // Prose where JSON was requested is not shown, and neither is an incomplete call: until then another try is free.
  if (!hasTools && asked.format === null) return true;
  for (const choice of answer.state.choices.values()) {
    const { reasoning, refusal, surfacedCalls } = choice;
    // Prose where a call is demanded is only shown once the call is there.
    if ((!mustCall && contentOf(choice) !== '') || refusal !== '' || surfacedCalls > 0 || (reasoning !== '' && !waitsForCalls))
      return true;
  }
  return false;
}

/** Null when there is enough; any earlier break is a failure of this attempt only. */
async function holdUntil(call: Call, intake: Intake, held: FedPiece[], isEnough: () => boolean): Promise<UpstreamFailure | null> {
  const take = (fed: FedPiece): null => {
    held.push(fed);
    return null;
  };
  const stop = await intake.read({ isEnough, take, hold: () => undefined });
  if (stop.kind === 'enough') return null;
  if (stop.kind === 'broken') return stop.problem;
  return stop.kind === 'done' ? unusable : brokenOff(call, stop);
}

function brokenOff({ limit }: Call, { kind }: StreamEnd): UpstreamFailure {
  if (limit !== null) return timedOut;
  return kind === 'overflow' ? tooLarge : { failure: { code: 'upstream_unreachable' }, cause: 'reset' };
}

/** Reads a stream to its end for a client that waits for the whole answer; null when it is whole. */
async function collect(call: Call, source: Source, intake: Intake, answer: Answer): Promise<UpstreamFailure | null> {
  const { state } = answer;
  const watch = watchCall(call, answer);
  const gathers = gather(call, source);
  const stop: Stop = await intake.read({ isEnough: () => state.sawDone, take: () => null, hold: () => undefined });
  watch.stop();
  if (gathers || stop.kind !== 'enough') intake.cancel();
  else noteWhetherEnded(call, source, intake);
  // What a client's leaving has broken off says nothing of the server.
  if (stop.kind !== 'enough' && !call.run.client.isGone) noteEnded(call, false);
  const ending = judgeEnding({
    isClientGone: false,
    problem: stop.kind === 'broken' ? stop.problem : stop.kind === 'overflow' ? brokenOff(call, stop) : null,
    isComplete: isComplete(state),
    limit: call.limit === 'idle' || call.limit === 'total' ? call.limit : null,
    end: stop.kind === 'eof' || stop.kind === 'reset' ? stop.kind : null,
  });
  return ending.kind === 'failed' ? { failure: ending.failure, cause: ending.cause } : null;
}

function endedInARow({ run: { deps }, candidate }: Call): number {
  return deps.endedInARow.get(candidate.upstreamId) ?? 0;
}

function noteEnded(call: Call, isEnded: boolean): void {
  call.run.deps.endedInARow.set(call.candidate.upstreamId, isEnded ? endedInARow(call) + 1 : 0);
}

/** Reads larger pieces from a server that is known to end what it says. False where events are read as they come. */
function gather(call: Call, source: Source): boolean {
  if (!endsSurely(endedInARow(call))) return false;
  const { clock } = call.run.deps;
  const fromMs = clock.now();
  const { idle } = call.upstream.timeouts_ms;
  source.reuseBuffer((bytes) => bytesToAwait({ bytes, ms: clock.now() - fromMs }, call.model.slow_tokens_per_second, idle));
  return true;
}

/** The end comes with the end mark, or shortly after it. The client does not wait for it. */
const endsWithinMs = 100;

function noteWhetherEnded(call: Call, source: Source, intake: Intake): void {
  const giveUp = call.run.deps.timers.once(endsWithinMs, intake.cancel);
  const noting = source.isEnded().then((isEnded) => {
    giveUp();
    noteEnded(call, isEnded);
    intake.cancel();
  });
  // The client has its answer by then, and what nobody waits for ends with the request.
  call.run.asked.caller.background(noting);
}
