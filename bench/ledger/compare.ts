/**
 * Three ledgers of the same requests side by side: what the clients saw, what the model servers sent, what the gateway booked. Compares every
 * number across them. Sends nothing.
 */
import { clientIdOf, type LogEntry } from '../../infra/standin/request-log.ts';
import type { Ending, GroupStats, Stats } from '../../shared/records.ts';
import { endingIds } from '../../shared/records.ts';
import { periodStartMs } from '../../worker/core/limits/budget-period.ts';
import { kindIds, type Kind, type PlannedRequest } from './plan.ts';
import { endingSeen, type Seen, type Witness } from './witness.ts';

export interface Books {
  readonly sent: readonly { readonly planned: PlannedRequest; readonly witness: Witness }[];
  readonly calls: readonly LogEntry[];
  readonly stats: Stats;
  readonly keys: readonly { readonly id: string; readonly hasBudget: boolean }[];
  /** What each key's own object has booked against its budget; 0 for keys without. */
  readonly spentNanoUsd: readonly number[];
  /** Leases and reservations that are still open. */
  readonly open: number;
}

/** A line of the comparison: `drift` is how far the gateway is outside of what the others know to be true. */
export interface Line {
  readonly name: string;
  readonly clients: string;
  readonly servers: string;
  readonly gateway: string;
  readonly drift: number;
}

/** Counts that the clients and the servers together know: at least, and at most. */
interface Range {
  readonly least: number;
  readonly most: number;
}

interface Fact {
  readonly planned: PlannedRequest;
  readonly witness: Witness;
  readonly seen: Seen | null;
  readonly calls: readonly LogEntry[];
}

export function compare(books: Books): { readonly lines: readonly Line[]; readonly lost: number; readonly double: number } {
  const callsOf = Map.groupBy(books.calls.toSorted(inOrder), ({ id }) => clientIdOf(id));
  const facts = books.sent.map(({ planned, witness }): Fact => {
    return { planned, witness, seen: endingSeen(witness), calls: callsOf.get(witness.id) ?? [] };
  });
  const byAgent = [...Map.groupBy(facts, ({ planned }) => planned.agent)];
  const perAgent = byAgent.map(([agent, own]) => bookedDrift(admitted(own), books.stats.agents[agent]?.requests ?? 0));
  const perKey = books.keys.map(({ id }, index) =>
    bookedDrift(admitted(facts.filter(({ planned }) => planned.key === index)), books.stats.keys[id]?.requests ?? 0),
  );
  const most = (pick: 'lost' | 'double') =>
    Math.max(...[perAgent, perKey].map((groups) => groups.reduce((sum, group) => sum + group[pick], 0)));
  return {
    lines: [
      ...requestLines(facts, books.stats),
      refusalLine(facts, books.stats),
      callLine(facts, books),
      ...tokenLines(byAgent, books.stats),
      ...moneyLines(books),
    ],
    lost: most('lost'),
    double: most('double'),
  };
}

function inOrder(a: LogEntry, b: LogEntry): number {
  return a.receivedAtMs - b.receivedAtMs;
}

/** Work that no server saw and no client was told of must not be booked, and nothing may be booked twice. */
function admitted(facts: readonly Fact[]): Range {
  let [least, most] = [0, 0];
  for (const { seen, calls } of facts) {
    if (seen === 'refused' || seen === 'replayed') continue;
    most += 1;
    if (seen !== null || calls.length > 0) least += 1;
  }
  return { least, most };
}

function bookedDrift({ least, most }: Range, booked: number): { lost: number; double: number } {
  return { lost: Math.max(0, least - booked), double: Math.max(0, booked - most) };
}

function requestLines(facts: readonly Fact[], { totals, endings }: Stats): Line[] {
  const all = admitted(facts);
  const endingOf = (ending: Ending): Line => {
    const told = facts.filter(({ seen }) => seen === ending).length;
    // A client that left early cannot know whether its request was answered, failed, or was cancelled.
    const unsure = facts.filter(({ seen }) => seen === null).length;
    return line(ending, { least: told, most: told + unsure }, '', endings[ending] ?? 0);
  };
  return [line('requests', all, '', totals.requests), ...endingIds.map(endingOf)];
}

function refusalLine(facts: readonly Fact[], { totals }: Stats): Line {
  const told = facts.filter(({ seen }) => seen === 'refused').length;
  const unsure = facts.filter(({ seen, calls }) => seen === null && calls.length === 0).length;
  return line('refused', { least: told, most: told + unsure }, '', totals.refused);
}

/** A call that was given up may not have reached its server. */
function callLine(facts: readonly Fact[], { calls, stats }: Books): Line {
  const unsure = facts.filter(({ witness }) => witness.hasLeft).length;
  const { attempts } = stats.totals;
  const { drift } = line('', { least: calls.length, most: calls.length + unsure }, '', attempts);
  return { name: 'upstream calls', clients: '', servers: String(calls.length), gateway: String(attempts), drift };
}

/** Kinds whose usage the servers reported truthfully for every call that ended well. */
const reporting: readonly Kind[] = ['plain', 'fallback', 'failing', 'framing', 'repeated'];
/** Kinds whose answers broke off: their tokens are those that were relayed. */
const relaying: readonly Kind[] = ['broken', 'left-by-reset', 'left-by-close'];

function tokenLines(byAgent: readonly (readonly [string, readonly Fact[]])[], stats: Stats): Line[] {
  const groups = kindIds.map((kind) => ({ kind, agents: byAgent.filter(([, [first]]) => first?.planned.kind === kind) }));
  const reported = groups.filter(({ kind }) => reporting.includes(kind)).flatMap(({ agents }) => agents);
  const relayed = groups.filter(({ kind }) => relaying.includes(kind));
  return [
    sumLine('tokens where usage arrived', reported, stats, {
      servers: reportedTokens,
      gateway: ({ tokens }) => tokens.total - tokens.estimated,
    }),
    sumLine(
      'tokens where it was missing or false',
      groups.filter(({ kind }) => kind === 'counts').flatMap(({ agents }) => agents),
      stats,
      {
        clients: (facts) => sum(facts.map(({ witness }) => witness.usage?.totalTokens ?? 0)),
        gateway: ({ tokens }) => tokens.total,
      },
    ),
    ...relayed.map(({ kind, agents }) => relayedLine(kind, agents, stats)),
  ];
}

/**
 * What was relayed lies between what the client had read when it was gone and what the servers had sent. On average it may be one event
 * more than the client read: the one under way. A client that closes is noticed one write later, since the first only provokes its reset.
 * The drift is summed over agents, so that one cannot make up for another.
 */
function relayedLine(kind: Kind, agents: readonly (readonly [string, readonly Fact[]])[], stats: Stats): Line {
  const groups = agents.map(([agent, facts]) => {
    const clients = sum(facts.map(({ witness }) => witness.events));
    const servers = sum(facts.flatMap(({ calls }) => calls.map(({ tokensSent }) => tokensSent)));
    const gateway = stats.agents[agent]?.tokens.completion ?? 0;
    const most = Math.min(servers, clients + facts.length * (kind === 'left-by-close' ? 2 : 1));
    const { lost, double } = bookedDrift({ least: clients, most }, gateway);
    return { count: facts.length, clients, servers, gateway, drift: lost + double };
  });
  const total = (pick: (group: (typeof groups)[number]) => number): number => sum(groups.map(pick));
  return {
    name: `tokens estimated, ${kind} (${total(({ count }) => count)})`,
    clients: String(total(({ clients }) => clients)),
    servers: String(total(({ servers }) => servers)),
    gateway: String(total(({ gateway }) => gateway)),
    drift: total(({ drift }) => drift),
  };
}

interface Sides {
  readonly clients?: (facts: readonly Fact[]) => number;
  readonly servers?: (facts: readonly Fact[]) => Range;
  readonly gateway: (group: GroupStats) => number;
}

/** The drift is summed over agents, so that one cannot make up for another. */
function sumLine(name: string, agents: readonly (readonly [string, readonly Fact[]])[], stats: Stats, sides: Sides): Line {
  let [clients, gateway, drift] = [0, 0, 0];
  let servers: Range = { least: 0, most: 0 };
  for (const [agent, facts] of agents) {
    const booked = stats.agents[agent] === undefined ? 0 : sides.gateway(stats.agents[agent]);
    const told = sides.clients?.(facts) ?? 0;
    const sent = sides.servers?.(facts) ?? {
      least: told,
      most: told + sum(facts.flatMap(({ calls }) => calls.map(givenUpTokens))),
    };
    const { lost, double } = bookedDrift(sent, booked);
    clients += told;
    gateway += booked;
    drift += lost + double;
    servers = { least: servers.least + sent.least, most: servers.most + sent.most };
  }
  return {
    name,
    clients: sides.clients === undefined ? '' : String(clients),
    servers: sides.servers === undefined ? '' : rangeText(servers),
    gateway: String(gateway),
    drift,
  };
}

function moneyLines({ calls, stats, keys, spentNanoUsd, open }: Books): Line[] {
  const budgeted = keys.map(({ id, hasBudget }, index) => ({
    hasBudget,
    booked: stats.keys[id]?.cost_nano_usd ?? 0,
    spent: spentNanoUsd[index] ?? 0,
  }));
  const own = budgeted.filter(({ hasBudget }) => hasBudget);
  const hasTurned = hasMonthTurned(calls);
  const drift = hasTurned ? 0 : sum(own.map(({ booked, spent }) => Math.abs(booked - spent)));
  const [spent, booked] = [sum(own.map((key) => key.spent)), sum(own.map((key) => key.booked))];
  const inObjects = `${spent} in their objects${hasTurned ? ', which began anew with the month: not compared' : ''}`;
  return [
    { name: 'nano-USD of keys with budgets', clients: '', servers: inObjects, gateway: String(booked), drift },
    { name: 'leases and reservations left', clients: '', servers: '', gateway: String(open), drift: open },
  ];
}

/** A month's budget is full again when the next one begins; what was booked before is not in it. */
function hasMonthTurned(calls: Books['calls']): boolean {
  const times = calls.flatMap(({ receivedAtMs, endedAtMs }) => (endedAtMs === null ? [receivedAtMs] : [receivedAtMs, endedAtMs]));
  return new Set(times.map((atMs) => periodStartMs('month', atMs))).size > 1;
}

/** A whole answer is its last call's, whose usage arrived. A call may have ended well although its request did not. */
function reportedTokens(facts: readonly Fact[]): Range {
  let [least, most] = [0, 0];
  for (const { seen, calls } of facts) {
    // Within a millisecond the order is unknown: the call without a fault is the one that answered.
    const last = calls.findLast(({ ending }) => ending === 'complete') ?? calls.at(-1);
    if (seen === 'ok' && last !== undefined) least += tokensOf(last);
    if (seen !== 'ok') most += sum(calls.filter(({ ending }) => ending === 'complete').map(tokensOf));
  }
  return { least, most: least + most };
}

/** The most that a call costs which the gateway gave up: its prompt, whose estimate errs upwards, and what it may have made unseen. */
function givenUpTokens({ ending, usage, isStream, maxTokens }: LogEntry): number {
  if (ending !== 'client_gone' || usage === null) return 0;
  return Math.ceil(usage.promptTokens * 1.5) + 16 + (isStream === true ? 0 : (maxTokens ?? 0));
}

function tokensOf({ usage }: LogEntry): number {
  return usage === null ? 0 : usage.promptTokens + usage.completionTokens;
}

function line(name: string, { least, most }: Range, servers: string, gateway: number): Line {
  const { lost, double } = bookedDrift({ least, most }, gateway);
  return {
    name,
    clients: rangeText({ least, most }),
    servers,
    gateway: String(gateway),
    drift: lost + double,
  };
}

function rangeText({ least, most }: Range): string {
  return least === most ? String(least) : `${least} to ${most}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
