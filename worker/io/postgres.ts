/**
 * A database behind its port, by way of Hyperdrive or of its own address. Every use makes a connection of its own, since workerd ties sockets
 * to the request that opened them, and has a deadline of its own over connecting, asking and reading. The driver is loaded by the first use:
 * an isolate without a database never evaluates it.
 */
import type { Client, ClientConfig, CustomTypesConfig } from 'pg';
import { fail, ok, type Result } from '../../shared/result.ts';
import type { PostgresPort, SqlFailure } from '../core/rows/ports.ts';
import { sqlFailureKind } from '../core/rows/sql-failure.ts';
import type { SqlRow } from '../core/rows/sql-row.ts';

/** Hyperdrive takes more, an isolate may wait for six connections at once, and others need theirs. */
const maxConnections = 5;

/** int8, oid and numeric columns hold nothing beyond 2^53 here. */
const numberOids: ReadonlySet<number> = new Set([20, 26]);

/** @param address `postgres://…` */
export function createPostgres(address: string): PostgresPort {
  let open = 0;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    open -= 1;
    waiting.shift()?.();
  };

  /** False when the time ran out first. */
  const enter = async (deadline: Promise<'late'>): Promise<boolean> => {
    if (open < maxConnections) {
      open += 1;
      return true;
    }
    let turn: () => void = () => undefined;
    const called = new Promise<'called'>((resolve) => (turn = () => resolve('called')));
    waiting.push(turn);
    if ((await Promise.race([called, deadline])) === 'called') {
      open += 1;
      return true;
    }
    const at = waiting.indexOf(turn);
    if (at >= 0) waiting.splice(at, 1);
    // It was its turn in the same moment.
    else waiting.shift()?.();
    return false;
  };

  return {
    async query(text, values, { timeoutMs }) {
      const timer = startDeadline(timeoutMs);
      try {
        if (!(await enter(timer.deadline))) return fail(tooLate('No connection was free in time.'));
        try {
          return await ask(address, text, values, timeoutMs, timer.deadline);
        } finally {
          leave();
        }
      } finally {
        timer.clear();
      }
    },
  };
}

function startDeadline(timeoutMs: number): { readonly deadline: Promise<'late'>; clear(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, timeoutMs, 'late')));
  return { deadline, clear: () => clearTimeout(timer) };
}

function tooLate(detail: string): SqlFailure {
  return { kind: 'timeout', sqlState: null, detail };
}

async function ask(
  connectionString: string,
  text: string,
  values: readonly unknown[],
  timeoutMs: number,
  deadline: Promise<'late'>,
): Promise<Result<readonly SqlRow[], SqlFailure>> {
  let client: Client | null = null;
  try {
    // Parts of it, because all of it brings a pool and a binding to a library that is not there.
    const { default: PgClient } = await import('pg/lib/client');
    const { default: TypeOverrides } = await import('pg/lib/type-overrides');
    client = new PgClient(clientConfig(connectionString, new TypeOverrides()));
    // Also after the deadline: an error event that nobody hears would end the isolate.
    client.on('error', () => undefined);
    const opened = client;
    const asked = opened.connect().then(() => opened.query<SqlRow>(text, [...values]));
    asked.catch(() => undefined);
    const answer = await Promise.race([asked, deadline]);
    if (answer === 'late') return fail(tooLate(`No answer within ${timeoutMs} ms.`));
    return ok(answer.rows);
  } catch (error) {
    return fail(failureOf(error));
  } finally {
    if (client !== null) close(client);
  }
}

function clientConfig(connectionString: string, types: CustomTypesConfig): ClientConfig {
  return {
    connectionString,
    application_name: 'pointsman',
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        numberOids.has(oid) ? Number : types.getTypeParser(oid, format === 'binary' ? 'text' : format),
    },
  };
}

/** Nobody waits for it: a server that does not answer would not answer this either. A connection that is still being made is cut. */
function close(client: Client): void {
  const stream: unknown = Reflect.get(Object(Reflect.get(client, 'connection')), 'stream');
  void client.end().catch(() => undefined);
  const destroy: unknown = Reflect.get(Object(stream), 'destroy');
  if (typeof destroy === 'function') Reflect.apply(destroy, stream, []);
}

function failureOf(error: unknown): SqlFailure {
  const code: unknown = Reflect.get(Object(error), 'code');
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
  const detail = error instanceof Error ? error.message : String(error);
  return { kind: sqlFailureKind(sqlState), sqlState, detail };
}
