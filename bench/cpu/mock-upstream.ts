/**
 * A model server that costs next to nothing: HTTP by hand over node:net, answers made beforehand, one write an event. Started as a
 * child process by `startMock`, which also sets its answer; the answer is the same for every request until it is changed.
 */
import { createServer, type Socket } from 'node:net';
import * as z from 'zod';
import { answerBody, answerFrames, stampPlaceholder } from './vllm-wire.ts';

export const Workload = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('stream'),
    answer: z.object({ kind: z.enum(['plain', 'calls', 'stamps']), chunks: z.int(), tokensPerChunk: z.int() }),
    /** Between two events; 0 writes as fast as the socket takes them. */
    intervalMs: z.number(),
  }),
  /** A request for a stream nevertheless gets one of 500 tokens, as fast as the socket takes them. */
  z.object({ kind: z.literal('json'), bytes: z.int() }),
]);
export type Workload = z.infer<typeof Workload>;

/** The answer from now on; null keeps it and only asks for the counts. */
const Order = z.object({ workload: Workload.nullable() });

/** Sent once listening, and after every order. */
export const MockReply = z.object({
  port: z.int(),
  /** Streams that the other side left before their end, since the last workload was set, and the events written to those. */
  aborted: z.int(),
  eventsBeforeAbort: z.int(),
});
export type MockReply = z.infer<typeof MockReply>;

const jsonHead = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const models = JSON.stringify({
  object: 'list',
  data: ['Qwen/Qwen2.5-7B-Instruct', 'Qwen/Qwen2.5-32B-Instruct-AWQ'].map((id) => ({ id, object: 'model' })),
});
const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n',
);
const streamEnd = Buffer.from('0\r\n\r\n');

let events: readonly Buffer[] = [];
let whole = Buffer.alloc(0);
let intervalMs = 0;
let hasStamps = false;
let counts = { aborted: 0, eventsBeforeAbort: 0 };

function prepare(workload: Workload): void {
  counts = { aborted: 0, eventsBeforeAbort: 0 };
  const isStream = workload.kind === 'stream';
  events = answerFrames(isStream ? workload.answer : { kind: 'plain', chunks: 500, tokensPerChunk: 1 }).map((frame) => {
    const bytes = Buffer.from(frame);
    return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  });
  hasStamps = isStream && workload.answer.kind === 'stamps';
  intervalMs = isStream ? workload.intervalMs : 0;
  whole = Buffer.alloc(0);
  if (!isStream) {
    const body = answerBody(workload.bytes);
    whole = Buffer.from(`${jsonHead}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }
}

/** Bytes of the first request in `received`, body included; 0 while it is not all there. */
function requestLength(received: Buffer): number {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const head = received.toString('latin1', 0, headEnd).toLowerCase();
  const bodyStart = headEnd + 4;
  if (head.includes('\r\ntransfer-encoding: chunked')) {
    const end = received.indexOf('0\r\n\r\n', bodyStart);
    return end < 0 ? 0 : end + 5;
  }
  const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
  return received.length < bodyStart + length ? 0 : bodyStart + length;
}

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  let received: Buffer = Buffer.alloc(0);
  let onClose = (): void => {};
  socket.on('error', () => {});
  socket.on('close', () => onClose());
  socket.on('data', (bytes) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    for (let length = requestLength(received); length > 0; length = requestLength(received)) {
      const isGet = received.toString('latin1', 0, 4) === 'GET ';
      const isPlain = whole.length > 0 && !received.subarray(0, length).includes('"stream":true');
      received = received.subarray(length);
      if (isGet) socket.write(`${jsonHead}content-length: ${models.length}\r\n\r\n${models}`);
      else if (isPlain) socket.write(whole);
      else onClose = stream(socket);
    }
  });
}

/** The event with the time in it, where there is room for one. */
function stamped(event: Buffer): Buffer {
  const at = hasStamps ? event.indexOf(stampPlaceholder) : -1;
  if (at < 0) return event;
  const copy = Buffer.from(event);
  const timeUs = (process.hrtime.bigint() / 1000n).toString();
  copy.write(timeUs.padStart(stampPlaceholder.length - 2, '0'), at + 1, 'latin1');
  return copy;
}

/** Writes one answer; returns what to do when the other side leaves, which may be long after its end: connections are used again. */
function stream(socket: Socket): () => void {
  const own = events;
  let next = 0;
  let isEnded = false;
  let timer: NodeJS.Timeout | null = null;
  socket.write(streamHead);
  const finish = (): void => {
    if (timer !== null) clearInterval(timer);
    isEnded = true;
    socket.write(streamEnd);
  };
  const writeOne = (): boolean => {
    const event = own[next];
    next += 1;
    return event === undefined || socket.write(stamped(event));
  };
  const writeOn = (): void => {
    while (next < own.length) {
      if (!writeOne()) {
        socket.once('drain', writeOn);
        return;
      }
    }
    finish();
  };
  if (intervalMs === 0) writeOn();
  else {
    // The role and the first token come together: vLLM says nothing before it has a token.
    writeOne();
    writeOne();
    timer = setInterval(() => {
      if (next < own.length) writeOne();
      if (next === own.length) finish();
    }, intervalMs);
  }
  return () => {
    if (isEnded) return;
    if (timer !== null) clearInterval(timer);
    counts.aborted += 1;
    counts.eventsBeforeAbort += next;
  };
}

/** Runs only as a child of `startMock`; other files import the code above. */
if (process.send !== undefined && process.argv.includes('--serve')) {
  const server = createServer(serve);
  const report = (): void => {
    const address = server.address();
    if (address !== null && typeof address === 'object') process.send?.({ port: address.port, ...counts });
  };
  server.listen(0, '127.0.0.1', report);
  process.on('message', (message) => {
    const { workload } = Order.parse(message);
    if (workload !== null) prepare(workload);
    report();
  });
  process.on('disconnect', () => process.exit(0));
}
