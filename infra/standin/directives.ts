/**
 * Directives inside a message text: `[[name:body]]`. They steer one answer without any header, because a gateway forwards texts and
 * drops unknown headers. Read from system messages and from everything after the last user message on, never from an assistant.
 */
import type { ChatMessage } from './chat-request.ts';
import { isRecord, tryParse } from './json.ts';
import { ownWords } from './passages.ts';
import type { FaultRequest } from './fault-request.ts';
import { parseFaultRequest } from './fault-request.ts';

export interface PlannedCall {
  readonly name: string;
  /** The arguments as the model writes them: normally JSON. */
  readonly argumentsText: string;
}

export interface Directives {
  /** Answer exactly this. */
  readonly say: string | null;
  /** Think this first. */
  readonly think: string | null;
  /** About this many tokens. */
  readonly tokens: number | null;
  /** Wall-clock milliseconds between tokens, whatever the time scale. */
  readonly paceMs: number | null;
  readonly calls: readonly PlannedCall[];
  readonly faults: readonly FaultRequest[];
}

const OPENING = /\[\[(say|say64|think|tokens|pace|call|fault):/g;
const MAX_DIRECTIVES = 50;

/** The messages whose directives count: system, developer, and the last user message with what follows it. */
export function steeringText(messages: readonly ChatMessage[]): string {
  const lastUser = messages.findLastIndex((message) => message.role === 'user');
  const heard = messages.filter(
    ({ role }, index) => role === 'system' || role === 'developer' || (index >= lastUser && role !== 'assistant'),
  );
  // Nothing in a passage of a document steers.
  return heard.map((message) => ownWords(message.content)).join('\n');
}

/** Collects the directives of a text; of a single-valued one the last wins. */
export function parseDirectives(text: string): Directives {
  const found = findDirectives(text);
  const last = (name: string) => found.findLast((directive) => directive.name === name)?.body ?? null;
  const encoded = last('say64');
  return {
    say: last('say') ?? (encoded === null ? null : Buffer.from(encoded, 'base64').toString('utf8')),
    think: last('think'),
    tokens: positive(last('tokens')),
    paceMs: positive(last('pace')),
    calls: found.filter(({ name }) => name === 'call').flatMap(({ body }) => parseCall(body)),
    faults: found.filter(({ name }) => name === 'fault').flatMap(({ body }) => parseFaultRequest(body)),
  };
}

/** The text without fault directives: with and without a fault the answer is the same. */
export function withoutFaults(text: string): string {
  let rest = text;
  for (const { name, from, to } of findDirectives(text).toReversed()) {
    if (name === 'fault') rest = rest.slice(0, from) + rest.slice(to);
  }
  return rest === text ? text : rest.trim();
}

/** The text without any directive: what the model "reads". */
export function withoutDirectives(text: string): string {
  let rest = text;
  for (const { from, to } of findDirectives(text).toReversed()) rest = rest.slice(0, from) + rest.slice(to);
  return rest;
}

interface Found {
  readonly name: string;
  readonly body: string;
  readonly from: number;
  readonly to: number;
}

function findDirectives(text: string): Found[] {
  const found: Found[] = [];
  OPENING.lastIndex = 0;
  for (let match = OPENING.exec(text); match && found.length < MAX_DIRECTIVES; match = OPENING.exec(text)) {
    const start = match.index + match[0].length;
    const end = match[1] === 'call' ? endOfCall(text, start) : text.indexOf(']]', start);
    if (end === -1) continue;
    found.push({ name: match[1] ?? '', body: text.slice(start, end), from: match.index, to: end + 2 });
    OPENING.lastIndex = end + 2;
  }
  return found;
}

/** The `]]` after the arguments: the first at which they are whole JSON, because arguments may hold nested arrays. */
function endOfCall(text: string, start: number): number {
  const first = text.indexOf(']]', start);
  for (let end = first, tries = 0; end !== -1 && tries < 20; end = text.indexOf(']]', end + 1), tries += 1) {
    const space = text.indexOf('{', start);
    if (space === -1 || space > end || isRecord(tryParse(text.slice(space, end)))) return end;
  }
  return first;
}

function parseCall(body: string): PlannedCall[] {
  const brace = body.indexOf('{');
  const name = (brace === -1 ? body : body.slice(0, brace)).trim();
  return name === '' ? [] : [{ name, argumentsText: brace === -1 ? '{}' : body.slice(brace).trim() }];
}

function positive(text: string | null): number | null {
  const value = Number(text);
  return text === null || !Number.isFinite(value) || value < 0 ? null : value;
}
