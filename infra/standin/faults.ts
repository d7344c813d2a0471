/**
 * Every fault the stand-in can show: one table of names, phases and descriptions. What each one does stands in `fault-actions/`; a
 * name without an action, or the reverse, does not compile.
 */

/** `connect`: no HTTP answer. `status`: an error answer. `body`: a wrong 200. `stream`: inside the events. `answer`: the model's words. */
export type FaultPhase = 'connect' | 'status' | 'body' | 'stream' | 'answer';

interface FaultRow {
  readonly phase: FaultPhase;
  /** Settings in brackets with their defaults; `after` counts events, milliseconds are wall clock. */
  readonly description: string;
}

export const faults = {
  refused: { phase: 'connect', description: 'resets this connection and closes the listener [ms=1000]' },
  reset: { phase: 'connect', description: 'TCP reset before any byte of an answer' },
  'close-before-headers': { phase: 'connect', description: 'TCP end before any byte of an answer' },
  'not-http': { phase: 'connect', description: 'answers with bytes that are not HTTP' },
  'slow-headers': { phase: 'connect', description: 'waits before the headers, then answers [ms=1000]' },
  'never-answers': { phase: 'connect', description: 'keeps the connection open and says nothing' },
  wedge: {
    phase: 'stream',
    description: 'the engine hangs for everybody, with work running; every page still answers [ms=60000]',
  },
  'slow-first-event': { phase: 'stream', description: 'headers at once, first event late [ms=1000]' },

  'bad-request': { phase: 'status', description: '400 validation error' },
  unprocessable: { phase: 'status', description: "422 with FastAPI's detail list" },
  'context-length': { phase: 'status', description: '400 context length exceeded' },
  'context-words': {
    phase: 'status',
    description: 'a prompt that is too long, in the words of another server [of=llama-cpp;limit=the context]',
  },
  'content-policy': { phase: 'status', description: '400 content policy' },
  unauthorized: { phase: 'status', description: '401 with the string body' },
  forbidden: { phase: 'status', description: '403' },
  'model-missing': { phase: 'status', description: '404 unknown model' },
  'rate-limit': { phase: 'status', description: '429 with Retry-After in seconds [after=1]' },
  'rate-limit-date': { phase: 'status', description: '429 with Retry-After as an HTTP date [after=2]' },
  'rate-limit-absurd': { phase: 'status', description: '429 with Retry-After: 999999999999' },
  'rate-limit-garbage': { phase: 'status', description: '429 with Retry-After: soon' },
  'foreign-status': { phase: 'status', description: 'any error status with a reason [status=402;says=Not today.]' },
  'refuses-prefill': { phase: 'status', description: '400 to a request that continues a final message' },
  'server-error': { phase: 'status', description: '500 engine error' },
  'legacy-error': { phase: 'status', description: '500 in the older shape: the four fields at top level' },
  'out-of-memory': { phase: 'status', description: '500 with a CUDA traceback, a file path and a key in the body' },
  'bad-gateway': { phase: 'status', description: '502 HTML' },
  unavailable: { phase: 'status', description: '503 overloaded' },
  'unavailable-retry': { phase: 'status', description: '503 with Retry-After [after=2]' },

  'empty-body': { phase: 'body', description: '200 without a body' },
  'garbage-body': { phase: 'body', description: '200 with bytes that are neither JSON nor events' },
  'no-choices': { phase: 'body', description: '200 with an empty list of choices' },
  'wrong-type': { phase: 'body', description: '200 with a correct body labelled text/plain' },
  'lying-encoding': { phase: 'body', description: '200 that says gzip and is not' },
  'short-body': { phase: 'body', description: '200 whose content-length is larger than what comes' },
  'html-body': { phase: 'body', description: '200 with an HTML page' },
  'hanging-page': { phase: 'body', description: '200 with the head of an HTML page and nothing more' },
  'no-content-type': { phase: 'body', description: 'a correct answer without a content type' },
  'json-for-stream': { phase: 'body', description: 'JSON although a stream was asked' },
  'sse-for-json': { phase: 'body', description: 'a stream although JSON was asked' },
  'leaky-headers': { phase: 'body', description: 'adds set-cookie, x-secret and other headers that must not be forwarded' },

  'first-event-error': { phase: 'stream', description: 'the first event is an error, then [DONE]' },
  'mid-error': { phase: 'stream', description: 'an error event in mid-stream, then [DONE] [after=4]' },
  'mid-error-no-done': { phase: 'stream', description: 'an error event in mid-stream, then the end [after=4]' },
  'engine-death': {
    phase: 'stream',
    description: 'an error event and [DONE], or a 500; then the port refuses [after=4;ms=1000]',
  },
  'error-after-finish': { phase: 'stream', description: 'an error event behind the finish reason' },
  'mid-reset': { phase: 'stream', description: 'TCP reset in mid-stream [after=4]' },
  'mid-hang-up': { phase: 'stream', description: 'TCP end in mid-stream, the HTTP message unfinished [after=4]' },
  'cut-json': { phase: 'stream', description: 'a clean end inside an event [after=4]' },
  eof: { phase: 'stream', description: 'a clean end without finish_reason and [DONE] [after=4]' },
  'no-done': { phase: 'stream', description: 'finish_reason, but no [DONE]' },
  'no-last-blank-line': { phase: 'stream', description: 'the end right behind the finish event, whose blank line is missing' },
  stall: { phase: 'stream', description: 'silence after some events [after=4]' },
  'stall-with-comments': { phase: 'stream', description: 'comments for ever after some events [after=4;ms=100]' },
  'stall-with-empty-deltas': {
    phase: 'stream',
    description: 'deltas without anything in them for ever after some events [after=4;ms=100]',
  },
  pause: { phase: 'stream', description: 'a long silence in mid-stream, then on as if nothing had happened [after=4;ms=1000]' },
  'comments-only': { phase: 'stream', description: 'comments for ever, no event [ms=100]' },
  'comments-between': { phase: 'stream', description: 'a comment before every event' },
  drip: { phase: 'stream', description: 'a byte or a few per write [bytes=1;ms=0]' },
  crlf: { phase: 'stream', description: 'CRLF line ends' },
  'multi-line': { phase: 'stream', description: 'every event over several data lines, with event and id fields' },
  'split-utf8': { phase: 'stream', description: 'writes cut inside multi-byte characters; adds some to the answer' },
  'one-write': { phase: 'stream', description: 'all events in a single write' },
  bom: { phase: 'stream', description: 'a byte order mark before the first event' },
  'bad-json-event': { phase: 'stream', description: 'one event of broken JSON, then on [after=4]' },
  'garbled-event': { phase: 'stream', description: 'one event that ends in the middle of its JSON, then on [after=4]' },
  'line-break-in-event': { phase: 'stream', description: 'one event with a raw line break between its tokens [after=4]' },
  'invalid-utf8': { phase: 'stream', description: 'bytes inside an event that are not UTF-8 [after=4]' },
  'huge-event': { phase: 'stream', description: 'one very large content event [bytes=2000000;after=2]' },
  'endless-line': { phase: 'stream', description: 'a data line that never ends [after=2;bytes=64000000]' },
  'endless-stream': { phase: 'stream', description: 'content events for ever [ms=0]' },
  'endless-tool-arguments': { phase: 'stream', description: 'a tool call whose arguments never end [ms=0]' },
  'tool-index-negative': { phase: 'stream', description: 'tool calls with index -1' },
  'tool-index-huge': { phase: 'stream', description: 'tool calls with index 2^32' },
  'tool-index-missing': { phase: 'stream', description: 'tool calls without an index' },
  'events-after-done': { phase: 'stream', description: 'content after [DONE]' },
  'double-finish': { phase: 'stream', description: 'two finish chunks' },
  'legacy-reasoning': { phase: 'stream', description: 'reasoning under its older name reasoning_content' },
  'anonymous-first-chunk': { phase: 'stream', description: 'the first chunk without id, model and time' },
  'changing-id': { phase: 'stream', description: 'another id in every chunk' },
  'empty-finish-reasons': {
    phase: 'stream',
    description: 'role in every delta, and an empty text as finish_reason until the last',
  },
  'finish-with-text': { phase: 'stream', description: 'the finish reason on the chunk with the last text' },
  'text-after-finish': { phase: 'stream', description: 'content behind the chunk with the finish reason' },
  'arguments-dropped': { phase: 'stream', description: 'tool calls of which only the names come' },
  'odd-usage': { phase: 'stream', description: 'a usage chunk whose choices are no empty list [choices=null or empty or delta]' },
  'no-usage': { phase: 'stream', description: 'no usage although asked for' },
  'usage-negative': { phase: 'stream', description: 'negative token counts' },
  'usage-nan': { phase: 'stream', description: 'NaN as a token count, as Python would write it' },
  'usage-huge': { phase: 'stream', description: 'far more tokens than asked for' },
  'usage-zero': { phase: 'stream', description: 'explicit zeros' },
  'usage-text': { phase: 'stream', description: 'token counts as strings' },

  'content-parts': { phase: 'answer', description: 'content as a list of parts, one of them unknown' },
  'refusal-field': { phase: 'answer', description: 'the text as a refusal instead of content' },
  'finish-as': { phase: 'answer', description: 'a finish reason of another server [reason=eos]' },
  repetition: { phase: 'answer', description: 'text that repeats itself, stopped by the server with finish_reason repetition' },
  runaway: { phase: 'answer', description: 'one text over and over until the token limit [text=!]' },
  'starts-over': { phase: 'answer', description: 'a continuation that starts again from the beginning [words=other]' },
  'hostile-content': { phase: 'answer', description: 'content with SSE framing, HTML, U+2028, NUL and a bare CR' },
  'breaks-schema': { phase: 'answer', description: 'valid JSON of the wrong shape' },
  'not-repairable': { phase: 'answer', description: 'prose where JSON was asked' },
  'code-fence': { phase: 'answer', description: 'the right JSON inside a Markdown fence with words around it' },
  'trailing-text': { phase: 'answer', description: 'the right JSON, then words' },
  'trailing-comma': { phase: 'answer', description: 'the right JSON with a comma before the last bracket' },
  'single-quotes': { phase: 'answer', description: 'the right JSON as a Python literal' },
  'truncated-json': { phase: 'answer', description: 'JSON that stops in the middle, finish_reason length' },
  'repair-bomb': { phase: 'answer', description: 'text on which careless JSON repair is quadratic [bytes=60000]' },
  'deep-json': { phase: 'answer', description: 'an array nested very deeply [depth=20000]' },
  'low-logprobs': { phase: 'answer', description: 'token probabilities of an unsure model' },
  refusal: { phase: 'answer', description: 'the model declines' },
  hedged: { phase: 'answer', description: 'the model says that it is not sure' },
  'empty-answer': { phase: 'answer', description: 'no content at all, finish_reason stop' },
  'cut-call': { phase: 'answer', description: 'the last tool call stops in the middle of its arguments [finish=as without it]' },
  'prose-for-call': { phase: 'answer', description: 'prose where a tool call was demanded' },
  'invalid-arguments': { phase: 'answer', description: 'tool arguments that break the tool schema' },
  'truncated-arguments': { phase: 'answer', description: 'tool arguments that stop in the middle' },
  'raw-markup': { phase: 'answer', description: 'calls as raw markup although a tool parser is on' },
  'unknown-tool': { phase: 'answer', description: 'calls a tool that was not offered' },
} as const satisfies Record<string, FaultRow>;

export type FaultName = keyof typeof faults;

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faults, name);
}

/** The table as text, one line per fault. */
export function listFaults(): string {
  const rows: readonly (readonly [string, FaultRow])[] = Object.entries(faults);
  return rows.map(([name, { phase, description }]) => `${name.padEnd(24)} ${phase.padEnd(8)} ${description}`).join('\n');
}
