/**
 * One choice of an answer while it comes in: the tool and reasoning machine, the structured-output check behind it, and what was
 * surfaced so far. Streamed and whole answers go through the same steps, so they cannot differ.
 */
import type { ArgumentsVerdict } from '../../../shared/records.ts';
import type { StreamCheck } from '../structured/checked-stream.ts';
import type { AnswerEvent, SpokenEvent } from './answer-events.ts';
import { type AnswerMachine, endOfText, limitReasons, type SurfacedCall } from './answer-machine.ts';
import type { ArgumentsCheck } from '../tools/check-arguments.ts';
import type { ChunkDelta, FinishReason } from '../upstreams/dialect.ts';
import { createJoint, type Joint, type JointVerdict } from './joint.ts';
import { type RepetitionWatch, watchRepetition } from '../text/repetition.ts';
import { addPiece, createKeptText, type KeptText, readText } from './kept-text.ts';

export interface Choice {
  readonly index: number;
  /** Null where the answer may repeat itself. */
  repetition: RepetitionWatch | null;
  /** Surfaced so far: see `contentOf`. */
  text: KeptText;
  /** The call repeats what the client has, although it was asked to continue: from then on it is read as a repeat. */
  hasStartedOver: boolean;
  /** A call that started over met a limit that was meant for the rest of the answer only. */
  isCutShort: boolean;
  reasoning: string;
  /** What the model says instead of an answer, in the `refusal` field. */
  refusal: string;
  calls: SurfacedCall[];
  /** Calls shown so far; `calls` is complete only at the end. */
  surfacedCalls: number;
  /** Logprob entries as the server sent them; they do not line up with content once calls were taken out. */
  logprobs: unknown[];
  /** Sum of the tokens' natural-log probabilities, and how many there were. */
  logprobSum: number;
  logprobCount: number;
  /** The server's last finish reason. Shown only when no more can come, because some servers keep writing. */
  serverFinish: FinishReason | null;
  /** The stop sequence that ended it, where the server says which. */
  stopSequence: string | null;
  /** What the client sees of it. */
  finishReason: FinishReason | null;
  /** Violations of the format that was asked for; non-null means the answer must not be called a success. */
  violations: readonly { readonly path: string; readonly message: string }[] | null;
  /** Deterministic repairs that made the text valid. */
  repairs: readonly string[];
  /** The model broke a call off, or announced one and made none; the choice then has no finish reason and is no success. */
  hasBrokenCall: boolean;
  /** A client knows that it has begun. */
  hasBegun: boolean;
  /** How much of `repeats` has come again; it is not shown a second time. */
  repeatedChars: number;
  /** The server did not repeat what the client has: the two do not make one answer. */
  hasDiverged: boolean;
  /** Text that the client has from a call that broke off, and that this call says again from the beginning. */
  repeats: string;
  /** Null once it is known whether the text continues what the client has. */
  joint: Joint | null;
  /** Calls by what their tool's schema says of their arguments. */
  readonly callVerdicts: Record<ArgumentsVerdict, number>;
  /** By call id. */
  repairedArguments: Map<string, string> | null;
  /** Null until there is something that it must read: most answers are plain text. */
  machine: AnswerMachine | null;
  readonly parts: ChoiceParts;
  readonly check: StreamCheck | null;
  readonly argumentsCheck: ArgumentsCheck | null;
}

/** What the client has already of an answer that another call finishes: that call continues it, or says it again. */
export interface AlreadySent {
  readonly text: string;
  readonly mode: 'continue' | 'repeat';
}

export interface ChoiceParts {
  createMachine(): AnswerMachine;
  /** Whether a whole answer's text is surely nothing but text, so that no machine need read it. */
  isPlain(text: string): boolean;
  readonly check: StreamCheck | null;
  readonly argumentsCheck: ArgumentsCheck | null;
  /** How much the answer may repeat itself; null: as much as it likes. */
  readonly maxRepeatedTokens: number | null;
  readonly sent: AlreadySent | null;
}

/** Plain data: an accessor in an object that is made anew each time keeps all it knows from every collection but a full one. */
export function createChoice(index: number, parts: ChoiceParts): Choice {
  const { sent, check, argumentsCheck, maxRepeatedTokens } = parts;
  const isContinued = sent?.mode === 'continue';
  const choice: Choice = {
    index,
    repetition: maxRepeatedTokens === null ? null : watchRepetition(maxRepeatedTokens),
    text: createKeptText(isContinued ? sent.text : ''),
    hasStartedOver: false,
    isCutShort: false,
    reasoning: '',
    refusal: '',
    calls: [],
    surfacedCalls: 0,
    logprobs: [],
    logprobSum: 0,
    logprobCount: 0,
    serverFinish: null,
    stopSequence: null,
    finishReason: null,
    violations: null,
    repairs: [],
    hasBrokenCall: false,
    hasBegun: sent !== null,
    repeatedChars: 0,
    hasDiverged: false,
    repeats: sent?.mode === 'repeat' ? sent.text : '',
    joint: isContinued ? createJoint(sent.text) : null,
    callVerdicts: { valid: 0, repaired: 0, invalid: 0, unchecked: 0 },
    repairedArguments: null,
    machine: null,
    parts,
    check,
    argumentsCheck,
  };
  if (isContinued) choice.hasDiverged = !knowsBeginning(machineOf(choice), sent.text);
  return choice;
}

/** Text surfaced so far. */
export function contentOf({ text }: Choice): string {
  return readText(text);
}

export function addContent({ text }: Choice, piece: string): void {
  addPiece(text, piece);
}

function startOver(choice: Choice): void {
  choice.hasStartedOver = true;
  choice.text = createKeptText('');
  choice.machine = choice.parts.createMachine();
  choice.repeats = choice.parts.sent?.text ?? '';
}

function machineOf(choice: Choice): AnswerMachine {
  return (choice.machine ??= choice.parts.createMachine());
}

/**
 * Tells the machine of a continuation what the client has, as if this model had written it: so it knows whether the answer stands in a code
 * block, or behind its beginning. False when it reads a call in it: the two models' texts do not make one answer then.
 */
function knowsBeginning(machine: AnswerMachine, sent: string): boolean {
  const events = machine.feed({ content: sent });
  machine.forgetHeld();
  return events.every(({ kind }) => kind === 'text');
}

/**
 * Takes one piece of the choice and returns what a client should see of it, in order.
 *
 * @param isWhole the piece is all of the choice
 */
export function feedChoice(choice: Choice, delta: ChunkDelta, isWhole: boolean): AnswerEvent[] {
  const fitted = choice.joint === null ? delta : { ...delta, content: joined(choice, choice.joint, delta) };
  const text = isWhole && choice.machine === null ? onlyText(fitted) : null;
  const isPlain = text !== null && choice.parts.isPlain(text);
  const events = surface(choice, isPlain ? [{ kind: 'text', text }] : machineOf(choice).feed(fitted));
  if (delta.refusal == null) return events;
  choice.refusal += delta.refusal;
  events.push({ choice: choice.index, kind: 'refusal', text: delta.refusal });
  return events;
}

/** The text of a delta that has nothing else to read. */
function onlyText({ content, reasoning, tool_calls: calls }: ChunkDelta): string | null {
  return (reasoning ?? '') === '' && (calls ?? []).length === 0 ? (content ?? '') : null;
}

/** The text to read of a delta, as far as it is known what it is. */
function joined(choice: Choice, joint: Joint, { content, tool_calls: calls }: ChunkDelta): string {
  const verdict = joint.feed(content ?? '');
  return settleJoint(choice, verdict.kind === 'waits' && calls != null ? joint.end() : verdict);
}

function settleJoint(choice: Choice, verdict: JointVerdict): string {
  if (verdict.kind === 'waits') return '';
  choice.joint = null;
  if (verdict.kind === 'starts_over') startOver(choice);
  return verdict.text;
}

/** Ends the choice: what was held back comes out, and `finishReason` is what the client must see. */
export function endChoice(choice: Choice, serverFinish: FinishReason): AnswerEvent[] {
  const last = choice.joint === null ? '' : settleJoint(choice, choice.joint.end());
  const events: AnswerEvent[] = last === '' ? [] : surface(choice, machineOf(choice).feed({ content: last }));
  const end = choice.machine?.end(serverFinish) ?? endOfText(serverFinish);
  events.push(...surface(choice, end.events));
  choice.calls = end.calls.map((call) => ({ ...call, arguments: choice.repairedArguments?.get(call.id) ?? call.arguments }));
  choice.hasBrokenCall = end.hasBrokenCall;
  choice.isCutShort = choice.hasStartedOver && serverFinish === 'length';
  if (end.hasBrokenCall || choice.isCutShort) return events;
  choice.finishReason = end.finishReason ?? serverFinish;
  // A refusal is an answer, not JSON gone wrong.
  if (choice.check === null || choice.calls.length > 0 || choice.refusal !== '') return withoutLack(choice, events);
  const verdict = choice.check.end();
  pushContent(choice, verdict.emit, events);
  choice.repairs = verdict.repairs;
  // An answer cut by its token limit is reported as such, not as invalid: clients can handle that.
  if (!verdict.ok && limitReasons.has(choice.finishReason)) pushContent(choice, verdict.rest, events);
  else if (!verdict.ok) choice.violations = verdict.violations;
  return withoutLack(choice, events);
}

/** An answer that ended before it had repeated everything is another answer. */
function withoutLack(choice: Choice, events: AnswerEvent[]): AnswerEvent[] {
  if (choice.repeatedChars < choice.repeats.length) choice.hasDiverged = true;
  return events;
}

function surface(choice: Choice, spoken: readonly SpokenEvent[]): AnswerEvent[] {
  const { index, check } = choice;
  const events: AnswerEvent[] = [];
  for (const event of spoken) {
    if (event.kind === 'text') {
      pushContent(choice, check === null ? event.text : checked(choice, check, event.text), events);
    } else if (event.kind === 'reasoning') {
      choice.reasoning += event.text;
      events.push({ choice: index, kind: 'reasoning', text: event.text });
    } else if (event.kind === 'call') {
      // A call in place of text that the client has: another answer.
      if (choice.repeatedChars < choice.repeats.length) choice.hasDiverged = true;
      choice.surfacedCalls += 1;
      events.push({ ...event, choice: index, arguments: checkedArguments(choice, event) });
    } else events.push({ ...event, choice: index });
  }
  return events;
}

/** The arguments to show. Streamed ones are not held back for this, so `early` emission checks nothing. */
function checkedArguments(choice: Choice, { id, name, arguments: text }: SurfacedCall): string {
  if (choice.argumentsCheck === null) return text;
  const result = choice.argumentsCheck.check(name, text);
  choice.callVerdicts[result.verdict] += 1;
  if (result.verdict === 'repaired') (choice.repairedArguments ??= new Map()).set(id, result.arguments);
  return result.arguments;
}

function checked(choice: Choice, check: StreamCheck, text: string): string {
  const { emit, verdict, violations } = check.feed(text);
  if (verdict === 'impossible') choice.violations = violations;
  return emit;
}

function pushContent(choice: Choice, text: string, events: AnswerEvent[]): void {
  if (text === '') return;
  addContent(choice, text);
  const fresh = skipRepeated(choice, text);
  if (fresh !== '') events.push({ choice: choice.index, kind: 'text', text: fresh });
}

/** The part of `text` that the client does not have yet. */
function skipRepeated(choice: Choice, text: string): string {
  const left = choice.repeats.length - choice.repeatedChars;
  if (left === 0) return text;
  const repeated = text.slice(0, left);
  if (!choice.repeats.startsWith(repeated, choice.repeatedChars)) choice.hasDiverged = true;
  choice.repeatedChars += repeated.length;
  return choice.hasDiverged ? '' : text.slice(left);
}
