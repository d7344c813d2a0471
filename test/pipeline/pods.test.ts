/** Requests whose model is on a pod that is stopped, through the whole pipeline: they wait with pings, go elsewhere, or are told when to come back. */
import { describe, expect, it } from 'vitest';
import { type PodState, unknownPod } from '../../worker/core/pods/pod-state.ts';
import type { PodsPort } from '../../worker/core/pods/pods-port.ts';
import { withPods } from '../../worker/core/pods/pod-view.ts';
import type { PipelineDeps } from '../../worker/pipeline/run/deps.ts';
import { createGateway, type FakeGateway } from '../support/fakes/gateway.ts';
import { done, hello, role, stop, streamReply, text, usageChunk } from './wire.ts';

const answer = streamReply(role, text('Hello!'), stop, usageChunk, done);

interface Stand {
  readonly gateway: FakeGateway;
  readonly wakes: { count: number; held: number };
}

/** A pod with the small model that is stopped, and takes so long to start; null: never. */
function stand(pod: object, wakeMs: number | null, config: object = {}, state: Partial<PodState> = {}): Stand {
  const wakes = { count: 0, held: 0 };
  const change = (deps: PipelineDeps): PipelineDeps => {
    let known: PodState = { ...unknownPod(0), phase: 'stopped', wakeTimesMs: [20_000], ...state };
    const snapshot = async () => {
      const nowMs = deps.clock.now();
      if (wakeMs !== null && known.wokenAtMs !== null && nowMs >= known.wokenAtMs + wakeMs)
        known = { ...known, phase: 'running', wokenAtMs: null };
      return withPods(await deps.health.read(), { a40: known }, { a40: wakes.held }, deps.config);
    };
    const pods: PodsPort = {
      note: () => undefined,
      want() {
        if (known.phase === 'stopped' && !known.isHeldDown) {
          wakes.count += 1;
          known = { ...known, phase: 'warming', wokenAtMs: deps.clock.now() };
        }
        return snapshot();
      },
      hold() {
        wakes.held += 1;
        return () => void (wakes.held -= 1);
      },
      read: async () => ({ a40: known }),
      command: async () => true,
    };
    return { ...deps, pods, health: { ...deps.health, snapshot, report: () => undefined } };
  };
  const pods = { a40: { provider: 'runpod', id_var: 'RUNPOD_POD_ID', upstreams: ['small'], ...pod } };
  return { wakes, gateway: createGateway({ script: [answer], config: { pods, ...config }, change }) };
}

describe('a request for a model on a stopped pod', () => {
  it('waits for the start, a stream with its headers and comments that tell its position, and is answered by that model', async () => {
    const { gateway, wakes } = stand({ while_waking: 'hold' }, 30_000);
    const reply = await gateway.ask({ ...hello, model: 'small', stream: true });
    expect(reply).toMatchObject({ kind: 'stream', code: null, headersAfterMs: 10_000 });
    expect(reply.comments).toContain(': queued, position 1');
    expect(reply.tookMs).toBeGreaterThanOrEqual(30_000);
    expect(reply.tookMs).toBeLessThan(32_000);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', servedModel: 'qwen2.5-7b' });
    expect(wakes).toEqual({ count: 1, held: 0 });
  });

  it('waits for a whole answer as well', async () => {
    const reply = await stand({ while_waking: 'hold' }, 5000).gateway.ask({ ...hello, model: 'small' });
    expect(reply).toMatchObject({ kind: 'json', code: null });
    expect(reply.tookMs).toBeGreaterThanOrEqual(5000);
  });

  it('goes to the next model of its chain at once where the rules say so, while the pod is started for those to come', async () => {
    const { gateway, wakes } = stand({ while_waking: 'spill' }, 30_000);
    const reply = await gateway.ask({ ...hello, model: 'small' });
    expect(reply).toMatchObject({ kind: 'json', code: null });
    expect(reply.tookMs).toBeLessThan(2000);
    expect(gateway.entry()).toMatchObject({ servedModel: 'qwen2.5-32b' });
    expect(wakes.count).toBe(1);
  });

  it('is told what is left of a start where the rules say so', async () => {
    const { gateway, wakes } = stand({ while_waking: 'refuse' }, 30_000);
    const reply = await gateway.ask({ ...hello, model: 'small' });
    expect(reply).toMatchObject({ kind: 'failed', code: 'model_waking' });
    expect([wakes.count, gateway.ledger.entries.length]).toEqual([1, 0]);
  });

  it('goes on elsewhere when it has waited as long as it may', async () => {
    const { gateway } = stand({ while_waking: 'hold', hold: { max_wait_ms: 5000 } }, null);
    const reply = await gateway.ask({ ...hello, model: 'small' });
    expect(reply).toMatchObject({ kind: 'json', code: null });
    expect(gateway.entry()).toMatchObject({ servedModel: 'qwen2.5-32b' });
  });

  it('is told so when it has waited as long as it may and nobody else can answer', async () => {
    const { gateway } = stand({ while_waking: 'hold', hold: { max_wait_ms: 5000 } }, null, {
      routing: { chains: { 'qwen2.5-7b': [] } },
    });
    const reply = await gateway.ask({ ...hello, model: 'small' });
    expect(reply).toMatchObject({ kind: 'failed', code: 'model_waking' });
    expect(gateway.entry().ending).not.toBe('ok');
  });

  it('does not start what an operator has stopped', async () => {
    const { gateway, wakes } = stand({}, 1000, { routing: { chains: { 'qwen2.5-7b': [] } } }, { isHeldDown: true });
    expect(await gateway.ask({ ...hello, model: 'small' })).toMatchObject({ kind: 'failed', code: 'model_stopped' });
    expect(wakes.count).toBe(0);
  });

  it('gives its place up when the client leaves while it waits', async () => {
    const { gateway, wakes } = stand({ while_waking: 'hold' }, 60_000);
    await gateway.ask({ ...hello, model: 'small', stream: true }, { leavesAfterMs: 15_000 });
    expect(gateway.entry()).toMatchObject({ ending: 'client_abort' });
    expect([wakes.held, gateway.upstream.calls.length]).toEqual([0, 0]);
  });
});
