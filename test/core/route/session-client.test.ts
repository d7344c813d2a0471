/** The isolate's side of session memory: what could not be read is neither believed to be nothing nor written over by less. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionMemory } from '../../../worker/core/route/session.ts';
import { createSessionClient } from '../../../worker/io/session-client.ts';

const small: SessionMemory = { modelId: 's', tier: 'small', isEscalated: false };
const large: SessionMemory = { modelId: 'l', tier: 'large', isEscalated: false };

let stored: Map<string, string>;
let mode: 'answers' | 'fails' | 'hangs';
let nowMs: number;
let work: Promise<unknown>[];

beforeEach(() => {
  [stored, mode, nowMs, work] = [new Map(), 'answers', 0, []];
});

function client() {
  const stub = {
    async get(id: string) {
      if (mode === 'fails') throw new Error('gone');
      if (mode === 'hangs') await new Promise(() => undefined);
      return stored.get(id) ?? null;
    },
    async put(id: string, text: string) {
      stored.set(id, text);
    },
  };
  return createSessionClient({ getByName: () => stub } as never, {
    ttlMs: 60_000,
    clock: { now: () => nowMs },
    log: { write: () => undefined },
  });
}

async function put(port: ReturnType<typeof client>, memory: SessionMemory): Promise<SessionMemory | null> {
  port.put('a', memory, (promise) => void work.push(promise));
  await Promise.all(work);
  return JSON.parse(stored.get('a') ?? 'null');
}

describe('a memory that could not be read', () => {
  it.each(['fails', 'hangs'] as const)('is asked for again with the next turn (%s)', async (how) => {
    vi.useFakeTimers();
    stored.set('a', JSON.stringify(large));
    const port = client();
    mode = how;
    const first = port.get('a');
    await vi.advanceTimersByTimeAsync(1000);
    expect(await first).toBeNull();
    vi.useRealTimers();
    mode = 'answers';
    expect(await port.get('a')).toEqual(large);
  });

  it('is not written over by a lower one, and is by a higher one', async () => {
    stored.set('a', JSON.stringify(large));
    const port = client();
    mode = 'fails';
    await port.get('a');
    expect(await put(port, small)).toEqual(large);
    expect(await put(port, { ...large, modelId: 'l2' })).toEqual({ ...large, modelId: 'l2' });
  });
});

describe('a memory that is not there', () => {
  it('is believed for a minute, then asked for again', async () => {
    const port = client();
    expect(await port.get('a')).toBeNull();
    stored.set('a', JSON.stringify(large));
    expect(await port.get('a')).toBeNull();
    nowMs = 60_000;
    expect(await port.get('a')).toEqual(large);
  });

  it('is made by the first answer', async () => {
    const port = client();
    await port.get('a');
    expect(await put(port, small)).toEqual(small);
  });
});
