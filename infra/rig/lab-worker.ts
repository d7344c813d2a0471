/**
 * The lab around the Worker, inside workerd: objects that can be evicted, broken, read and counted on request, calls to them that can be
 * held or lost, and a clock that can be moved. The Worker and its objects are the deployed ones and do not know of the lab.
 */
import type { DurableObject } from 'cloudflare:workers';

/** What happens to calls from the Worker to the objects of one binding. Shares are chances from 0 to 1. */
export interface Wire {
  /** `request`: calls are held before they leave. `reply`: calls arrive, their answers are held. Both continue when the hold ends. */
  readonly hold: 'request' | 'reply' | null;
  /** Calls that fail before they reach the object. */
  readonly loseRequest: number;
  /** Calls that fail after the object has carried them out. */
  readonly loseReply: number;
  /** Fails as an overloaded object does, which must not be called again. */
  readonly isOverloaded: boolean;
}

export type ObjectOrder =
  /** Ends the object's memory the way the platform does when it is idle. */
  | { readonly do: 'evict' }
  /** `ctx.abort()`: everything in progress in the object fails, and writes that are not yet durable are lost. */
  | { readonly do: 'break' }
  /** Runs the alarm handler now, whenever the alarm is due. */
  | { readonly do: 'alarm' }
  /** When the alarm is set to, or null. */
  | { readonly do: 'alarm-time' }
  /** Every row of every table. */
  | { readonly do: 'dump' }
  /** A method of the object's own. */
  | { readonly do: 'call'; readonly method: string; readonly args: readonly unknown[] }
  /** Methods of its own, one after the other and all of them so many times; `#id` in an argument becomes `<prefix>-<number>`. */
  | { readonly do: 'repeat'; readonly times: number; readonly prefix: string; readonly calls: readonly MethodCall[] };

interface MethodCall {
  readonly method: string;
  readonly args: readonly unknown[];
}

export type LabOrder =
  | { readonly on: 'object'; readonly binding: string; readonly name: string; readonly order: ObjectOrder }
  | { readonly on: 'wire'; readonly binding: string; readonly wire: Partial<Wire> | null }
  /** Shifts the time that the Worker and its objects see; alarms still fire by the real one. */
  | { readonly on: 'clock'; readonly offsetMs: number }
  | { readonly on: 'counts'; readonly reset: boolean };

export interface Counts {
  /** Calls from the Worker by `BINDING.method`. */
  readonly calls: Readonly<Record<string, number>>;
  /** SQLite rows written and alarms set (each is billed as one row) by class. */
  readonly rows: Readonly<Record<string, number>>;
  readonly alarms: Readonly<Record<string, number>>;
}

export interface Watched extends DurableObject<unknown> {
  lab(order: ObjectOrder): Promise<unknown>;
}

type ObjectClass = new (ctx: DurableObjectState, env: never) => DurableObject<unknown>;
type Method = (...args: unknown[]) => unknown;

const passing: Wire = { hold: null, loseRequest: 0, loseReply: 0, isOverloaded: false };
const wires = new Map<string, Wire>();
const counts = { calls: new Map<string, number>(), rows: new Map<string, number>(), alarms: new Map<string, number>() };
const realNow = Date.now.bind(Date);
let offsetMs = 0;
Date.now = () => realNow() + offsetMs;

function count(kind: keyof typeof counts, name: string, by: number): void {
  if (by > 0) counts[kind].set(name, (counts[kind].get(name) ?? 0) + by);
}

/** The same class, extended by orders and by a counter of its writes. */
export function watched(Base: ObjectClass, className: string): ObjectClass {
  return class extends Base implements Watched {
    constructor(ctx: DurableObjectState, env: never) {
      super(countWrites(ctx, className), env);
    }

    async lab(order: ObjectOrder): Promise<unknown> {
      if (order.do === 'break') this.ctx.abort('broken on order');
      if (order.do === 'alarm') return this.alarm?.();
      if (order.do === 'alarm-time') return this.ctx.storage.getAlarm();
      if (order.do === 'dump') return dump(this.ctx.storage.sql);
      if (order.do === 'call') return methodOf(this, order.method).apply(this, [...order.args]);
      if (order.do === 'repeat') return repeat(this, order);
      return undefined;
    }
  };
}

async function repeat(target: object, { times, prefix, calls }: Extract<ObjectOrder, { do: 'repeat' }>): Promise<void> {
  for (let number = 0; number < times; number += 1) {
    for (const { method, args } of calls) {
      await methodOf(target, method)(...args.map((arg) => withId(arg, `${prefix}-${number}`)));
    }
  }
}

function withId(arg: unknown, id: string): unknown {
  if (arg === '#id') return id;
  if (typeof arg !== 'object' || arg === null || !('id' in arg)) return arg;
  return { ...arg, id };
}

function methodOf(target: object, name: string): Method {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== 'function') throw new Error(`no method ${name}`);
  return (...args) => Reflect.apply(method, target, args);
}

/** `rowsWritten` of every statement, as the platform bills it. */
function countWrites(ctx: DurableObjectState, className: string): DurableObjectState {
  const { storage } = ctx;
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  const setAlarm = storage.setAlarm.bind(storage);
  sql.exec = (query, ...bindings) => {
    const cursor = exec(query, ...bindings);
    count('rows', className, cursor.rowsWritten);
    return cursor as never;
  };
  storage.setAlarm = (...args) => {
    count('alarms', className, 1);
    return setAlarm(...args);
  };
  return ctx;
}

function dump(sql: SqlStorage): Record<string, unknown[]> {
  const tables = sql
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '_cf_%'")
    .toArray();
  return Object.fromEntries(tables.map(({ name }) => [name, sql.exec(`SELECT * FROM "${name}"`).toArray()]));
}

interface Namespace {
  getByName(name: string): object;
}

interface Entry {
  fetch(request: Request, env: Record<string, unknown>, ctx: ExecutionContext): Response | Promise<Response>;
}

/** The gateway with the lab's wires between it and its objects, and a path for orders. */
export function surround(gateway: Entry, bindings: readonly string[]): Entry {
  // Created once, because the Worker keeps the first environment it gets.
  let wiredEnv: Record<string, unknown> | null = null;
  return {
    async fetch(request, env, ctx) {
      wiredEnv ??= wired(env, bindings);
      if (!request.url.endsWith('/__lab')) return gateway.fetch(request, wiredEnv, ctx);
      try {
        return Response.json({ answer: (await obey(await request.json(), env)) ?? null });
      } catch (error) {
        return Response.json({ error: String(error) }, { status: 500 });
      }
    },
  };
}

function wired(env: Record<string, unknown>, bindings: readonly string[]): Record<string, unknown> {
  const tapped = bindings.map((binding) => [binding, { getByName: (name: string) => stubOf(env, binding, name) }]);
  const { LAB_KEY_RATE: limit } = env;
  const keyRate = typeof limit === 'string' ? { KEY_RATE: rateLimit(Number(limit)) } : {};
  return { ...env, ...keyRate, ...Object.fromEntries(tapped) };
}

/** The platform's coarse limit of requests per key, with a period that never ends. */
function rateLimit(limit: number): RateLimit {
  const counted = new Map<string, number>();
  return {
    limit: ({ key }) => {
      const count = (counted.get(key) ?? 0) + 1;
      counted.set(key, count);
      return Promise.resolve({ success: count <= limit });
    },
  };
}

function namespaceOf(env: Record<string, unknown>, binding: string): Namespace {
  const namespace = env[binding];
  if (typeof namespace !== 'object' || namespace === null || !('getByName' in namespace))
    throw new Error(`no binding ${binding}`);
  return namespace as Namespace;
}

function stubOf(env: Record<string, unknown>, binding: string, name: string): object {
  const stub = namespaceOf(env, binding).getByName(name);
  return new Proxy(stub, {
    get:
      (_, method) =>
      (...args: unknown[]) =>
        call(binding, String(method), () => methodOf(stub, String(method))(...args)),
  });
}

async function call(binding: string, method: string, send: () => unknown): Promise<unknown> {
  count('calls', `${binding}.${method}`, 1);
  const wire = () => wires.get(binding) ?? passing;
  await whileHeld(() => wire().hold === 'request');
  if (wire().isOverloaded) throw Object.assign(new Error('too many requests are queued'), { overloaded: true });
  if (Math.random() < wire().loseRequest) throw new Error('lost on the way to the object');
  const answer = await send();
  await whileHeld(() => wire().hold === 'reply');
  if (Math.random() < wire().loseReply) throw new Error('lost on the way from the object');
  return answer;
}

async function whileHeld(isHeld: () => boolean): Promise<void> {
  while (isHeld()) await new Promise((resolve) => setTimeout(resolve, 10));
}

interface Unsafe {
  readonly default: { evict(stub: object): Promise<void> };
}

/** False when there is nothing to evict. */
async function evict(stub: object): Promise<boolean> {
  // workerd's own module, which no bundler knows and no types describe.
  const name = ['workerd', 'unsafe'].join(':');
  const { default: unsafe } = (await import(name)) as Unsafe;
  return unsafe.evict(stub).then(
    () => true,
    () => false,
  );
}

/** Carries out an order that came over HTTP. */
async function obey(order: LabOrder, env: Record<string, unknown>): Promise<unknown> {
  if (order.on === 'clock') {
    ({ offsetMs } = order);
  } else if (order.on === 'wire') {
    if (order.wire === null) wires.delete(order.binding);
    else wires.set(order.binding, { ...passing, ...order.wire });
  } else if (order.on === 'counts') {
    const read = Object.fromEntries(Object.entries(counts).map(([kind, map]) => [kind, Object.fromEntries(map)]));
    if (order.reset) for (const map of Object.values(counts)) map.clear();
    return read;
  } else {
    const stub = namespaceOf(env, order.binding).getByName(order.name);
    if (order.order.do === 'evict') return evict(stub);
    return methodOf(stub, 'lab')(order.order);
  }
  return null;
}
