/** What a model server saw: one entry per request, so that a test can compare the server's ledger with the gateway's. */

export interface LogEntry {
  /** From X-Request-Id; made up where it is missing. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly receivedAtMs: number;
  readonly method: string;
  readonly path: string;
  readonly headerNames: readonly string[];
  readonly hasAuthorization: boolean;
  /** The trace that the call belongs to; null for none. */
  readonly traceparent: string | null;
  model: string | null;
  isStream: boolean | null;
  maxTokens: number | null;
  /** Equal for a request, its retries and its continuations. */
  conversation: string | null;
  isContinuation: boolean;
  bodyKeys: readonly string[];
  /** The parsed body, kept only where the server was told to. */
  body: unknown;
  status: number | null;
  firstByteAtMs: number | null;
  endedAtMs: number | null;
  tokensSent: number;
  /** Of an answer that is sent whole: made so far, sent or not. */
  tokensMade: number;
  /** `fault:<name>` names the faults that shaped it, joined by `+`; a client that leaves during the answer wins over them. */
  ending: 'open' | 'complete' | 'refused' | 'client_gone' | `fault:${string}`;
  /** What the answer reported, or would have reported at its end. */
  usage: { readonly promptTokens: number; readonly completionTokens: number } | null;
}

export interface RequestLog {
  open(
    head: Pick<LogEntry, 'id' | 'receivedAtMs' | 'method' | 'path' | 'headerNames' | 'hasAuthorization' | 'traceparent'>,
  ): LogEntry;
  entries(): readonly LogEntry[];
  clear(): void;
}

/** The request id that a client knows, from the one of a gateway's call: the gateway adds its own id and the number of the call. */
export function clientIdOf(callId: string): string {
  return callId.replace(/-[a-z0-9]{24,}-\d+$/, '');
}

/** Keeps the newest `maxEntries`; older ones are dropped a tenth at a time. */
export function requestLog(maxEntries: number): RequestLog {
  let kept: LogEntry[] = [];
  return {
    open(head) {
      const entry: LogEntry = {
        ...head,
        model: null,
        isStream: null,
        maxTokens: null,
        conversation: null,
        isContinuation: false,
        bodyKeys: [],
        body: null,
        status: null,
        firstByteAtMs: null,
        endedAtMs: null,
        tokensSent: 0,
        tokensMade: 0,
        ending: 'open',
        usage: null,
      };
      if (kept.length >= maxEntries) kept = kept.slice(Math.ceil(maxEntries / 10));
      kept.push(entry);
      return entry;
    },
    entries: () => kept,
    clear() {
      kept = [];
    },
  };
}
