/**
 * Calls written in tags: the name, then each argument between tags of its own, as plain text that nothing escapes. What the tags look like
 * is the formats' matter (`TaggedSyntax`). Since a value may quote tags, one counts only where the next thing is what the format writes
 * there: a value's closing tag before another value or the call's end, a call's end before another call or the end of the text. A whole
 * call that a value quotes is part of the value.
 */
import type { ToolFormatId } from '../../../../shared/config.ts';
import { createMarkerSet, type MarkerSet } from '../../text/marker-set.ts';
import type { Cursor } from '../cursor.ts';
import { type DeclaredTool, isNameLike, mayHaveArgument as mayHave } from '../declared-tool.ts';
import {
  endsInside,
  isTagText,
  peek,
  type Reading,
  readBlank,
  readRun,
  readUntil,
  runOut,
  sees,
  seesOne,
  skipWhitespace,
  takes,
  takesLast,
  takesOne,
} from '../reading.ts';
import { createJsonArguments, readArguments } from './json-calls.ts';
import { asCalls, asText, markOpen, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

export interface TaggedHead {
  readonly name: string;
  /** The tag closes itself: a call without arguments. */
  readonly isWhole: boolean;
}

export interface TaggedKey {
  readonly name: string;
  /** What the tag says of its value; null leaves that to the tool's schema. */
  readonly type: string | null;
}

/** Tags by their spellings. `head` and `key` stand behind the opening tags of a call and a value, up to their `end`. */
export interface TaggedSyntax {
  readonly id: ToolFormatId;
  /** Around all calls; none, or missing, is no fault. */
  readonly section: readonly string[];
  readonly sectionEnd: readonly string[];
  readonly call: readonly string[];
  readonly callEnd: readonly string[];
  /** '' if it ends where a tag begins; then a name alone is a call only if it is declared. */
  readonly headEnd: string;
  headOf(text: string): TaggedHead | null;
  /** What stands behind `call` where a value quotes a whole call, white space included. */
  readonly quotedHead: RegExp;
  readonly value: readonly string[];
  readonly valueEnd: readonly string[];
  readonly keyEnd: string;
  keyOf(text: string): TaggedKey | null;
  /** Stands between a key and its value, and may be missing; '' for none. */
  readonly separator: string;
  /** White space may stand in a head or a key. */
  readonly isSpaced: boolean;
  /** The next value may begin without the end of this one. */
  readonly mayOmitValueEnd: boolean;
  /** The arguments may be one JSON object in place of all values. */
  readonly mayBeJson: boolean;
  /** JSON text of a value; `schema` is that of the tool's parameters. */
  decode(text: string, key: TaggedKey, schema: unknown): string;
}

interface Tags extends TaggedSyntax {
  readonly inValue: MarkerSet;
  /** What ends a call. */
  readonly ends: readonly string[];
  readonly afterValue: readonly string[];
  readonly afterCall: readonly string[];
}

/** Longest head or key of a tag. */
const maxTagChars = 300;

export function createTaggedFormat(syntax: TaggedSyntax): ToolFormat {
  const { id, section, sectionEnd, call, callEnd, value, valueEnd, mayOmitValueEnd } = syntax;
  const tags: Tags = {
    ...syntax,
    inValue: createMarkerSet([...valueEnd, ...callEnd, ...sectionEnd, ...call, ...(mayOmitValueEnd ? value : [])]),
    ends: [...callEnd, ...sectionEnd],
    afterValue: [...value, ...callEnd, ...sectionEnd],
    afterCall: [...sectionEnd, ...section, ...call],
  };
  return {
    id,
    openers: [...section, ...call].map((marker) => ({
      marker,
      isOutsideCode: false,
      read(input, region) {
        input.at += marker.length;
        return section.includes(marker) ? readSection(input, region, tags) : readCall(input, region, tags);
      },
    })),
    readNext: (input) => dropSectionEnd(input, tags),
  };
}

function* readSection(input: Cursor, region: Region, tags: Tags): Reading<Verdict> {
  yield* skipWhitespace(input);
  return (yield* takesOne(input, tags.call)) ? yield* readCall(input, region, tags) : asText(input);
}

function* dropSectionEnd(input: Cursor, { sectionEnd }: Tags): Reading<Verdict> {
  yield* skipWhitespace(input);
  if (yield* takesOne(input, sectionEnd)) return asCalls(input, []);
  return sectionEnd.some((marker) => takesLast(input, marker)) ? asCalls(input, []) : { kind: 'text', muteUntil: 0 };
}

function* readCall(input: Cursor, region: Region, tags: Tags): Reading<Verdict> {
  if (tags.headEnd !== '') markOpen(region);
  const head = yield* readHead(input, region, tags);
  if (head === null) return asText(input);
  const { name } = head;
  if (tags.headEnd === '' && !(yield* seesOne(input, tags.value)) && !region.tools.has(name)) return asText(input);
  markOpen(region, name);
  const json = head.isWhole ? '{}' : yield* readBody(input, region, tags, name);
  return json === null ? asText(input) : asCalls(input, [{ id: null, name, arguments: json }]);
}

function* readHead(input: Cursor, region: Region, { headEnd, headOf, isSpaced }: Tags): Reading<TaggedHead | null> {
  const text = yield* readRun(input, isTagText(headEnd, isSpaced), maxTagChars);
  if (input.at >= input.text.length) {
    const begun = text.trim();
    // Nothing but a name yet: one that may become a declared one has begun a call.
    if (headEnd === '' && begun !== '' && [...region.tools.keys()].some((known) => known.startsWith(begun)))
      markOpen(region, begun);
    return yield* runOut();
  }
  if (!(yield* takes(input, headEnd))) return endsInside(input, headEnd) ? yield* runOut() : null;
  const head = headOf(text);
  return head !== null && isNameLike(head.name) ? head : null;
}

/** The arguments as JSON text, read to behind the end of the call; null if what stands there is no call's. */
function* readBody(input: Cursor, { tools }: Region, tags: Tags, name: string): Reading<string | null> {
  const schema = tools.get(name)?.parameters;
  const members = new Map<string, string>();
  yield* skipWhitespace(input);
  if (tags.mayBeJson && (yield* peek(input)) === '{') return yield* readJsonBody(input, tags);
  let key: TaggedKey | null = null;
  for (;;) {
    if (key === null) {
      yield* skipWhitespace(input);
      if (yield* takesOne(input, tags.ends)) return objectOf(members);
      if (!(yield* takesOne(input, tags.value))) return endsInsideOne(input, tags.afterValue) ? yield* runOut() : null;
      key = yield* readKey(input, tags);
      if (key === null) return endsInside(input, tags.keyEnd) ? yield* runOut() : null;
    }
    const current: TaggedKey = key;
    const mayFollow = (next: string): boolean => next !== current.name && !members.has(next) && mayHaveArgument(schema, next);
    const { text, next, endsCall }: TaggedValue = yield* readValue(input, tags, mayFollow);
    members.set(current.name, tags.decode(text, current, schema));
    if (endsCall) return objectOf(members);
    key = next;
  }
}

function* readKey(input: Cursor, { keyEnd, keyOf, separator, isSpaced }: Tags): Reading<TaggedKey | null> {
  const text = yield* readRun(input, isTagText(keyEnd, isSpaced), maxTagChars);
  if (!(yield* takes(input, keyEnd))) return null;
  if (separator !== '') {
    yield* skipWhitespace(input);
    yield* takes(input, separator);
  }
  return keyOf(text);
}

interface TaggedValue {
  readonly text: string;
  /** The value that begins without an end of this one. */
  readonly next: TaggedKey | null;
  /** The call ended without an end of this value. */
  readonly endsCall: boolean;
}

/** Reads a value to behind its end. Goes forward only: what turns out to be quoted is appended and never looked at again. */
function* readValue(input: Cursor, tags: Tags, mayFollow: (key: string) => boolean): Reading<TaggedValue> {
  let text = '';
  /** Whole calls that the value quotes and that are still open. */
  let quoted = 0;
  for (;;) {
    const found = yield* readUntil(input, tags.inValue);
    const { marker } = found;
    if (marker === '') return yield* runOut();
    input.at += marker.length;
    text += found.text;
    let rest = '';
    if (tags.call.includes(marker)) {
      rest = yield* readRun(input, isTagText('', true), maxTagChars);
      if (tags.headEnd.length > 1 && (yield* takes(input, tags.headEnd))) rest += tags.headEnd + (yield* readBlank(input));
      if (tags.quotedHead.test(rest) && (yield* seesOne(input, [...tags.value, ...tags.callEnd]))) quoted += 1;
    } else if (quoted > 0) {
      if (tags.callEnd.includes(marker)) quoted -= 1;
    } else if (tags.value.includes(marker)) {
      rest = yield* readRun(input, isTagText(tags.keyEnd, tags.isSpaced), maxTagChars);
      const next = (yield* sees(input, tags.keyEnd)) ? tags.keyOf(rest) : null;
      if (next !== null && mayFollow(next.name) && (yield* takes(input, tags.keyEnd))) return { text, next, endsCall: false };
    } else {
      rest = yield* readBlank(input);
      const isValueEnd = tags.valueEnd.includes(marker);
      const isEnd = yield* endsOrSees(input, isValueEnd ? tags.afterValue : tags.afterCall);
      if (isEnd) return { text, next: null, endsCall: !isValueEnd };
    }
    text += marker + rest;
  }
}

/** Whether one of the markers, or nothing more, follows. */
function* endsOrSees(input: Cursor, markers: readonly string[]): Reading<boolean> {
  return (yield* seesOne(input, markers)) || endsInsideOne(input, markers);
}

function endsInsideOne(input: Cursor, markers: readonly string[]): boolean {
  return markers.some((marker) => endsInside(input, marker));
}

function* readJsonBody(input: Cursor, tags: Tags): Reading<string | null> {
  const json = createJsonArguments();
  const status = yield* readArguments(input, json);
  if (status === 'open') return yield* runOut();
  if (status !== 'done') return null;
  yield* skipWhitespace(input);
  if (yield* takesOne(input, tags.ends)) return json.text();
  return endsInsideOne(input, tags.ends) ? yield* runOut() : null;
}

function objectOf(values: ReadonlyMap<string, string>): string {
  const members = [...values].map(([key, value]) => `${JSON.stringify(key)}: ${value}`);
  return `{${members.join(', ')}}`;
}

function mayHaveArgument(schema: DeclaredTool['parameters'], name: string): boolean {
  return mayHave({ name: '', parameters: schema }, name);
}
