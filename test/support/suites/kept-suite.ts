/** What the port to kept answers does, whatever is behind it: the fake of the pipeline's tests, and the client with its objects in workerd. */
import { expect, it } from 'vitest';
import { ok } from '../../../shared/result.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { KeptEnding, KeptOpening } from '../../../worker/core/kept/kept-answer.ts';
import { maxAnswerBytes, silentMs } from '../../../worker/core/kept/log.ts';
import type { KeptPlace, KeptPort } from '../../../worker/core/kept/ports.ts';

export function openingOf(change: Partial<KeptOpening> = {}): KeptOpening {
  return {
    writerId: 'writer-1',
    fingerprint: 'f',
    surface: '/v1/chat/completions',
    request: { showsUsage: false },
    requestId: 'request-1',
    isStream: true,
    hasIds: false,
    lifetimeMs: 3_600_000,
    brokenLifetimeMs: 60_000,
    ...change,
  };
}

export const someRouting: RoutingMetadata = {
  model_id: 'm',
  model_name: 'served',
  tier: 'small',
  intent: 'general',
  score: 0.1,
  confidence: 0.9,
  reason: 'short',
  strategy: 'cost',
  fallback_used: false,
  escalated: false,
  attempts: 1,
  cache: 'bypass',
};
export const complete: KeptEnding = { kind: 'complete', metadata: someRouting };
const broken: KeptEnding = { kind: 'failed', failure: { code: 'upstream_truncated' }, metadata: null, isFinal: false };
const refused: KeptEnding = { kind: 'failed', failure: { code: 'upstream_rejected' }, metadata: null, isFinal: true };

export interface KeptUnderTest {
  readonly port: KeptPort;
  /** Moves the clock that silence and lifetimes are measured by. */
  pass(ms: number): void | Promise<void>;
}

/** @param open the port, on fresh state */
export function keptSuite(open: () => KeptUnderTest): void {
  const place: KeptPlace = { tenantId: 't', id: 'answer-1' };
  const batch = (from: number, pieces: readonly string[], ending: KeptEnding | null = null) => ({
    writerId: 'writer-1',
    from,
    pieces,
    ending,
  });
  const begun = async (opening = openingOf()) => {
    const kept = open();
    expect(await kept.port.open(place, opening)).toEqual(ok({ kind: 'lead' }));
    return kept;
  };

  it('lets one write, also when it asks twice, and others follow from the first piece on', async () => {
    const { port } = await begun();
    expect(await port.open(place, openingOf())).toEqual(ok({ kind: 'lead' }));
    await port.append(place, batch(0, ['"a"', '"b"']));
    const follow = await port.open(place, openingOf({ writerId: 'writer-2' }));
    expect(follow).toMatchObject(ok({ kind: 'follow', page: { pieces: ['"a"', '"b"'], next: 2, ending: null } }));
    expect(await port.open(place, openingOf({ writerId: 'writer-2', fingerprint: 'g' }))).toEqual(ok({ kind: 'mismatch' }));
  });

  it('takes a batch once, however often it comes, and what is new of one that overlaps', async () => {
    const { port } = await begun();
    await port.append(place, batch(0, ['"a"', '"b"']));
    await port.append(place, batch(0, ['"a"', '"b"']));
    await port.append(place, batch(1, ['"b"', '"c"']));
    await port.append(place, batch(3, ['"d"'], complete));
    expect(await port.append(place, batch(3, ['"d"'], complete))).toMatchObject({ kind: 'taken' });
    const page = await port.read(place, null, 0, 0);
    expect(page).toMatchObject({ pieces: ['"a"', '"b"', '"c"', '"d"'], next: 4, ending: complete });
  });

  it('refuses a gap, another writer, and anything behind the end', async () => {
    const { port } = await begun();
    expect(await port.append(place, batch(1, ['"b"']))).toEqual({ kind: 'refused' });
    expect(await port.append(place, { ...batch(0, ['"x"']), writerId: 'writer-2' })).toEqual({ kind: 'refused' });
    await port.append(place, batch(0, ['"a"'], complete));
    expect(await port.append(place, batch(1, ['"b"']))).toEqual({ kind: 'refused' });
    expect((await port.read(place, null, 0, 0))?.pieces).toEqual(['"a"']);
  });

  it('gives the rest from any piece on, waits for what is to come, and comes back with nothing when nothing does', async () => {
    const { port } = await begun();
    await port.append(place, batch(0, ['"a"', '"b"']));
    await port.append(place, batch(2, ['"c"']));
    expect((await port.read(place, 'writer-1', 1, 0))?.pieces).toEqual(['"b"', '"c"']);
    expect(await port.read(place, 'writer-1', 3, 30)).toMatchObject({ pieces: [], next: 3, ending: null });
    const waiting = port.read(place, 'writer-1', 3, 2000);
    await port.append(place, batch(3, ['"d"'], complete));
    expect(await waiting).toMatchObject({ pieces: ['"d"'], ending: complete });
  });

  it('shows nothing of another tenant, of another run, or of an id that nobody opened', async () => {
    const { port } = await begun();
    await port.append(place, batch(0, ['"a"']));
    for (const [where, writerId] of [
      [{ ...place, tenantId: 'other' }, null],
      [{ ...place, id: 'answer-2' }, null],
      [place, 'writer-2'],
    ] as const) {
      expect(await port.read(where, writerId, 0, 0)).toBeNull();
      expect(await port.cancel(where, writerId)).toBeNull();
    }
  });

  it('is there as long as it was to be kept, and no longer', async () => {
    const { port, pass } = await begun();
    await port.append(place, batch(0, ['"a"'], complete));
    await pass(3_600_000 - 1000);
    expect(await port.open(place, openingOf({ writerId: 'writer-2' }))).toMatchObject(ok({ kind: 'follow' }));
    await pass(2000);
    expect(await port.read(place, null, 0, 0)).toBeNull();
    expect(await port.open(place, openingOf({ writerId: 'writer-2', fingerprint: 'g' }))).toEqual(ok({ kind: 'lead' }));
  });

  it.each([
    ['broke off', broken, 'lead'],
    ['was cancelled', { kind: 'cancelled', metadata: null } as const, 'lead'],
    ['was refused for good', refused, 'follow'],
    ['is complete', complete, 'follow'],
  ] as const)('of an answer that %s the next one may: %s', async (_, ending, kind) => {
    const { port } = await begun();
    await port.append(place, batch(0, ['"a"'], ending));
    expect((await port.read(place, null, 0, 0))?.ending).toEqual(ending);
    expect(await port.open(place, openingOf({ writerId: 'writer-2' }))).toMatchObject(ok({ kind }));
  });

  it('gives an answer that is only passing to those who follow it, and forgets it as soon as a broken one', async () => {
    const { port, pass } = await begun();
    await port.append(place, batch(0, ['"a"'], { kind: 'complete', metadata: someRouting, isPassing: true }));
    expect(await port.read(place, 'writer-1', 0, 0)).toMatchObject({ pieces: ['"a"'], ending: { isPassing: true } });
    await pass(60_000);
    expect(await port.read(place, null, 0, 0)).toBeNull();
    expect(await port.open(place, openingOf({ writerId: 'writer-2' }))).toEqual(ok({ kind: 'lead' }));
  });

  it('is written anew where what has ended is to be replaced, and followed while it is under way', async () => {
    const { port, pass } = await begun();
    const anew = openingOf({ writerId: 'writer-2', replaces: true });
    expect(await port.open(place, anew)).toMatchObject(ok({ kind: 'follow' }));
    await port.append(place, batch(0, ['"a"'], complete));
    await pass(5000);
    const page = await port.read(place, null, 0, 0);
    expect(page?.quietMs).toBeGreaterThanOrEqual(5000);
    expect(page?.quietMs).toBeLessThan(60_000);
    expect(await port.open(place, anew)).toEqual(ok({ kind: 'lead' }));
    expect(await port.read(place, 'writer-1', 0, 0)).toBeNull();
  });

  it('gives up a writer that is silent: its readers hear of it, its place is free, and it is refused', async () => {
    const { port, pass } = await begun();
    await port.append(place, batch(0, ['"a"']));
    await pass(silentMs - 1000);
    await port.append(place, batch(1, []));
    await pass(silentMs - 1000);
    expect((await port.read(place, null, 0, 0))?.ending).toBeNull();
    await pass(1000);
    expect((await port.read(place, null, 0, 0))?.ending).toMatchObject({ kind: 'failed', isFinal: false });
    expect(await port.append(place, batch(1, ['"b"']))).toEqual({ kind: 'refused' });
    expect(await port.open(place, openingOf({ writerId: 'writer-2' }))).toEqual(ok({ kind: 'lead' }));
    expect(await port.append(place, batch(0, []))).toEqual({ kind: 'refused' });
    expect(await port.read(place, 'writer-1', 0, 0)).toBeNull();
  });

  it('shows what was asked with the first page, and not with what follows it', async () => {
    const { port } = await begun(openingOf({ stored: '["asked"]' }));
    await port.append(place, batch(0, ['"a"', '"b"'], complete));
    expect((await port.read(place, null, 0, 0))?.opening.stored).toBe('["asked"]');
    expect((await port.read(place, null, 1, 0))?.opening.stored).toBeUndefined();
  });

  it('forgets an answer that has ended when it is told to, and none that is under way or another’s', async () => {
    const { port } = await begun();
    expect(await port.remove(place, 'writer-1')).toBe(false);
    await port.append(place, batch(0, ['"a"'], complete));
    expect(await port.remove({ ...place, tenantId: 'other' }, 'writer-1')).toBe(false);
    expect(await port.remove(place, 'writer-2')).toBe(false);
    expect(await port.remove(place, 'writer-1')).toBe(true);
    expect(await port.read(place, null, 0, 0)).toBeNull();
    expect(await port.remove(place, 'writer-1')).toBe(false);
  });

  it('tells the writer of readers, and of the wish to cancel', async () => {
    const { port } = await begun();
    expect(await port.append(place, batch(0, ['"a"']))).toEqual({
      kind: 'taken',
      readers: 0,
      isCancelAsked: false,
      isTooLong: false,
    });
    const waiting = port.read(place, null, 1, 2000);
    const told = await port.append(place, batch(1, []));
    expect(told).toEqual({ kind: 'taken', readers: 1, isCancelAsked: false, isTooLong: false });
    const cancelled = port.cancel(place, 'writer-1');
    expect(await port.append(place, batch(1, []))).toMatchObject({ isCancelAsked: true });
    await port.append(place, batch(1, [], { kind: 'cancelled', metadata: null }));
    expect(await cancelled).toBe('cancelled');
    expect((await waiting)?.ending).toEqual({ kind: 'cancelled', metadata: null });
    expect(await port.cancel(place, null)).toBe('cancelled');
  });

  it('drops the log of an answer that is too long, and holds its place until the end', async () => {
    const { port } = await begun();
    await port.append(place, batch(0, ['"a"']));
    await port.append(place, batch(1, [JSON.stringify('x'.repeat(maxAnswerBytes))]));
    expect(await port.read(place, null, 0, 1000)).toMatchObject({ pieces: [], isTooLong: true, ending: null });
    expect(await port.open(place, openingOf({ writerId: 'writer-2' }))).toMatchObject(ok({ kind: 'follow' }));
    await port.append(place, batch(2, ['"z"'], complete));
    expect(await port.read(place, null, 0, 0)).toMatchObject({ pieces: [], isTooLong: true, ending: complete });
    expect(await port.open(place, openingOf({ writerId: 'writer-2' }))).toEqual(ok({ kind: 'lead' }));
  });
}
