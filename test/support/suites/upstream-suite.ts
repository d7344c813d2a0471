/**
 * What every upstream port does, whatever is behind it: the adapter on workerd and the fake of the pipeline's tests must agree on this table
 * of situations. The pipeline relies on what a port reports of a call's end, its headers and its limits.
 */
import { describe, expect, it } from 'vitest';
import type { UpstreamAnswer, UpstreamCall, UpstreamPort } from '../../../worker/core/ports.ts';
import type { Reply } from '../fakes/fake-upstream.ts';

const call = {
  upstreamId: 'small',
  method: 'POST',
  path: '/v1/chat/completions',
  body: '{}',
  requestId: 'r-1',
  traceparent: null,
  accept: 'text/event-stream',
} as const satisfies Partial<UpstreamCall>;

const words = 'größer 🌍 '.repeat(2000);
const wordBytes = new TextEncoder().encode(words).byteLength;

/** @param portFor a port whose every call of the upstream `small` is answered like this */
export function upstreamSuite(name: string, portFor: (reply: Reply) => UpstreamPort): void {
  const open = (reply: Reply, signal = new AbortController().signal) => portFor(reply).open({ ...call, signal });
  const answered = async (reply: Reply, signal?: AbortSignal): Promise<UpstreamAnswer> => {
    const opened = await open(reply, signal);
    if (!opened.ok) throw new Error(opened.failure.code);
    return opened.value;
  };

  describe(`an upstream port: ${name}`, () => {
    it.each<[string, Reply, Partial<UpstreamAnswer>]>([
      ['an answer', { kind: 'json', body: {} }, { status: 200, mediaType: 'application/json', retryAfter: null }],
      ['a stream', { kind: 'stream', steps: ['data: 1\n\n'] }, { status: 200, mediaType: 'text/event-stream' }],
      [
        'a refusal',
        { kind: 'status', status: 429, mediaType: 'text/plain', retryAfter: '7' },
        { status: 429, mediaType: 'text/plain', retryAfter: '7' },
      ],
      ['a way elsewhere, which is not taken', { kind: 'status', status: 302, mediaType: 'text/html' }, { status: 302 }],
    ])('tells the head of %s', async (_, reply, head) => {
      expect(await answered(reply)).toMatchObject({ ...head, retryAfterExact: null });
    });

    it.each<[string, Reply]>([
      ['a text', { kind: 'status', status: 400, body: words }],
      ['JSON', { kind: 'json', body: words }],
      ['a stream', { kind: 'stream', steps: ['{', new TextEncoder().encode(words), '}'] }],
    ])('reads %s whole as long as it has no more bytes than it may, not characters', async (_, reply) => {
      const framing = reply.kind === 'status' ? 0 : 2;
      const text = await (await answered(reply)).readText(wordBytes + framing);
      expect(text).toContain(words);
      expect(await (await answered(reply)).readText(wordBytes + framing - 1)).toBeNull();
    });

    it('has an empty text where nothing comes', async () => {
      expect(await (await answered({ kind: 'status', status: 500 })).readText(10)).toBe('');
    });

    it('hands the bytes on as they came, one read after another', async () => {
      const steps = ['data: 1\n\n', new Uint8Array([0xff, 0xc3]), ': ping\n\n'];
      const { body } = await answered({ kind: 'stream', steps });
      const bytes = await new Response(body).bytes();
      expect(new TextDecoder('latin1').decode(bytes)).toBe('data: 1\n\n\u00ff\u00c3: ping\n\n');
    });

    it('cannot be reached where nobody is', async () => {
      expect(await open({ kind: 'refuse' })).toEqual({ ok: false, failure: { code: 'upstream_unreachable' } });
    });

    it.each(['before', 'after'])('gives up when it is told to, %s it was called', async (when) => {
      const controller = new AbortController();
      if (when === 'before') controller.abort();
      const opening = open({ kind: 'hang' }, controller.signal);
      controller.abort();
      expect(await opening).toEqual({ ok: false, failure: { code: 'upstream_unreachable' } });
    });

    it.each<[string, Reply]>([
      ['a connection that breaks', { kind: 'stream', steps: ['data: 1\n\n', 'reset'] }],
      ['a call that is given up', { kind: 'stream', steps: ['data: 1\n\n', 'stall'] }],
    ])('fails the read that waits in %s, and has no text of it', async (_, reply) => {
      const [controller, other] = [new AbortController(), new AbortController()];
      const { body } = await answered(reply, controller.signal);
      const reader = body?.getReader();
      expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n');
      const waiting = reader?.read();
      controller.abort();
      await expect(waiting).rejects.toThrow();
      const text = (await answered(reply, other.signal)).readText(1000);
      other.abort();
      expect(await text).toBeNull();
    });

    it('lets go of what nobody reads on', async () => {
      const { body } = await answered({ kind: 'stream', steps: ['data: 1\n\n', 'stall'] });
      const reader = body?.getReader();
      await reader?.read();
      await expect(reader?.cancel()).resolves.toBeUndefined();
    });
  });
}
