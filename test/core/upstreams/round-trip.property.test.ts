/**
 * Inner request → dialect → stand-in → dialect → inner answer, for every dialect and every kind of server it is for: what was asked is heard, and
 * what was answered arrives, streamed in any pieces as well as whole. The stand-ins of vendors refuse what their documentation refuses.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareReply } from '../../../infra/standin/chat-reply.ts';
import { acceptChat, type AcceptedChat } from '../../../infra/standin/chat-request.ts';
import { readConversation } from '../../../infra/standin/chat.ts';
import { completionBody, completionFrames, countsOf } from '../../../infra/standin/completion.ts';
import { flavourNames, flavours, type FlavourName } from '../../../infra/standin/flavours/registry.ts';
import type { Flavour } from '../../../infra/standin/flavours/flavour.ts';
import { modelServerDefaults, type ModelServerOptions } from '../../../infra/standin/options.ts';
import { simpleEngine, stoppableEngine } from '../../../infra/standin/pacer.ts';
import type { ModelServerState } from '../../../infra/standin/server.ts';
import { serializeFrame } from '../../../infra/standin/sse-writer.ts';
import { noTokens } from '../../../infra/standin/token-counts.ts';
import type { ChatRequest } from '../../../shared/chat.ts';
import type { AnswerEvent } from '../../../worker/core/answer/answer-events.ts';
import { eventsOf, wholeAnswer } from '../../../worker/core/answer/whole-answer.ts';
import type { Feed } from '../../../worker/core/answer/answer.ts';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { createEventDecoder } from '../../../worker/core/sse/decode-events.ts';
import { readNamedEvent } from '../../../worker/core/sse/named-event.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import type { Dialect, WireOptions } from '../../../worker/core/upstreams/dialect.ts';
import { dialects } from '../../../worker/core/upstreams/registry.ts';
import { answerWith } from '../answer/replay.ts';

const pairs: readonly (readonly [dialect: string, flavour: FlavourName, wire: WireOptions])[] = [
  ['vllm', 'vllm', {}],
  ['vllm', 'llama-cpp', {}],
  ['openai', 'vllm', {}],
  ['openai', 'llama-cpp', { max_tokens_field: 'max_completion_tokens' }],
  ['openai', 'gemini', { base_path: '/v1beta/openai' }],
  ['openai', 'openrouter', { base_path: '/api/v1' }],
  ['anthropic', 'anthropic', {}],
];

it('every kind of stand-in has its dialect here, and every dialect for chats its stand-in', () => {
  expect(new Set(pairs.map(([, flavour]) => flavour))).toEqual(new Set(flavourNames));
  const chatting = Object.keys(dialects).filter((name) => name !== 'workers_ai');
  expect(new Set(pairs.map(([name]) => name))).toEqual(new Set(chatting));
});

// ---- what is asked and answered

const word = fc.constantFrom('Grüße', 'the', 'queue', '🦊', '日本', 'a"b', 'c\\d', 'e\nf', '<br>', '{x}', 'end.', "l'été");
const words = fc.array(word, { minLength: 1, maxLength: 12 }).map((list) => list.join(' '));
const json = fc.dictionary(
  fc.constantFrom('a', 'b', 'ö'),
  fc.oneof(words, fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer(), { maxLength: 3 })),
);
const calls = fc.array(fc.record({ name: fc.constantFrom('find', 'read_it'), input: json }), { maxLength: 3 });
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } } as const;

type Messages = ChatRequest['messages'];

const userTurn = fc
  .record({ text: words, hasImage: fc.boolean() })
  .map(({ text, hasImage }): Messages => [{ role: 'user', content: hasImage ? [{ type: 'text', text }, image] : text }]);
const modelTurn = fc.record({ text: words, calls, result: words }).map((turn): Messages => {
  const made = turn.calls.map(({ name, input }, i) => ({ id: `functions.${name}:${i}`, name, text: JSON.stringify(input) }));
  return [
    {
      role: 'assistant',
      content: turn.text,
      ...(made.length > 0
        ? {
            tool_calls: made.map(({ id, name, text }) => ({
              id,
              type: 'function' as const,
              function: { name, arguments: text },
            })),
          }
        : {}),
    },
    ...made.map(({ id }) => ({ role: 'tool' as const, tool_call_id: id, content: `${turn.result} ${id.length}` })),
  ];
});
const history = fc
  .record({ system: fc.option(words), turns: fc.array(fc.tuple(userTurn, modelTurn), { maxLength: 3 }), last: userTurn })
  .map(({ system, turns, last }): Messages => [
    ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
    ...turns.flat(2),
    ...last,
  ]);
const planned = fc.record({ text: words, thinking: fc.option(words), calls, isCut: fc.boolean() });
const asked = fc.record({
  history,
  temperature: fc.option(fc.double({ min: 0, max: 2, noNaN: true })),
  stop: fc.option(fc.constantFrom<string[]>(['###'])),
});

type Planned = typeof planned extends fc.Arbitrary<infer Value> ? Value : never;

/** What the stand-in's model is to say, where it looks for that. */
function steered(messages: Messages, { text, thinking, calls: made }: Planned): Messages {
  const directives = [
    `[[say64:${Buffer.from(text).toString('base64')}]]`,
    ...(thinking === null ? [] : [`[[think:${thinking.replaceAll(/[[\]]/g, '')}]]`]),
    ...made.map(({ name, input }) => `[[call:${name} ${JSON.stringify(input)}]]`),
  ].join('');
  return [{ role: 'system', content: directives }, ...messages];
}

const tools = ['find', 'read_it'].map((name) => ({
  type: 'function' as const,
  function: { name, parameters: { type: 'object' } },
}));

// ---- both sides

interface Heard {
  readonly chat: AcceptedChat;
  readonly state: ModelServerState;
  readonly flavour: Flavour;
}

/** The request as the stand-in understood it; throws with its words where it refuses. */
function hear(dialect: Dialect, name: FlavourName, request: ChatRequest, isStream: boolean): Heard {
  const options: ModelServerOptions = {
    ...modelServerDefaults,
    flavour: name,
    role: 'vision',
    servedName: 'm',
    toolParser: 'hermes',
    reasoningParser: true,
    maxModelLen: 1_000_000,
    tellsCachedTokens: true,
    cachedShare: 0.5,
    writtenShare: 0.25,
  };
  const flavour: Flavour = flavours[name];
  const { path, body } = dialect.encode(innerRequest(request), {
    servedName: 'm',
    isStream,
    maxTokens: request.max_tokens ?? 5000,
    cacheSalt: null,
    wantsLogprobs: false,
    hasGrammar: true,
    continueFrom: null,
  });
  expect(path).toBe(flavour.paths.chat);
  const accepted = acceptChat(JSON.stringify(body), flavour, options);
  if (!accepted.ok) throw new Error(JSON.stringify(accepted.failure.body));
  const engine = stoppableEngine(simpleEngine({ timeScale: 0, firstTokenMs: 0, prefillTokensPerSecond: 1, tokenMs: 0 }));
  const state = { options, engine, tokens: noTokens() } as unknown as ModelServerState;
  return { chat: accepted.value, state, flavour };
}

/** A conversation by turns, whoever wrote it in which form. */
function turnsOf(messages: readonly unknown[]): unknown[] {
  const turns: { role: string; text: string; images: number; calls: unknown[] }[] = [];
  for (const message of messages) {
    const { role, content, tool_calls: made } = Object(message);
    const parts: readonly unknown[] = Array.isArray(content) ? content : [{ type: 'text', text: content ?? '' }];
    const last = turns.at(-1);
    const turn = last?.role === role && last !== undefined ? last : { role: String(role), text: '', images: 0, calls: [] };
    if (turn !== last) turns.push(turn);
    for (const part of parts) {
      if (Object(part).type === 'image_url') turn.images += 1;
      else turn.text += String(Object(part).text).replaceAll(/\s/g, '');
    }
    for (const call of made ?? []) turn.calls.push([call.function.name, JSON.parse(call.function.arguments)]);
  }
  return turns;
}

interface Arrived {
  text: string;
  reasoning: string;
  calls: { name: string; input: string }[];
  finish: string | null;
  usage: unknown;
  problem: unknown;
}

function collect(feeds: readonly Feed[], usage: unknown): Arrived {
  const seen: Arrived = { text: '', reasoning: '', calls: [], finish: null, usage, problem: null };
  const take = (event: AnswerEvent): void => {
    if (event.kind === 'text') seen.text += event.text;
    if (event.kind === 'reasoning') seen.reasoning += event.text;
    if (event.kind === 'call') seen.calls.push({ name: event.name, input: event.arguments });
    if (event.kind === 'call_arguments')
      Object.assign(seen.calls.at(-1) ?? {}, { input: `${seen.calls.at(-1)?.input}${event.arguments}` });
    if (event.kind === 'finish') seen.finish = event.reason;
  };
  for (const feed of feeds) {
    if (feed.kind === 'broken') seen.problem = feed.problem;
    if (feed.kind !== 'verbatim') feed.events.forEach(take);
  }
  return seen;
}

async function answer(dialect: Dialect, heard: Heard, isStream: boolean, cut: number): Promise<Arrived & { counts: unknown }> {
  const conversation = readConversation(heard.chat.body);
  const { reply, leases } = prepareReply(heard.state, { chat: heard.chat, conversation, applied: [], requestId: 'r' });
  const machine = answerWith({ dialect, tools: ['find', 'read_it'], passesPayloads: false });
  const counts = countsOf(reply);
  if (!isStream) {
    const completion = dialect.readCompletion(JSON.parse(JSON.stringify(completionBody(reply))));
    if (!completion.ok) throw new Error(JSON.stringify(completion.failure));
    const fed = machine.feedCompletion(completion.value);
    const events = eventsOf(wholeAnswer(machine.state, { id: '', created: 0, model: '' }));
    return { ...collect([fed.kind === 'broken' ? fed : { kind: 'events', events }], machine.state.usage), counts };
  }
  const frames = completionFrames(reply, leases);
  let bytes = '';
  for await (const frame of heard.flavour.rewrite?.(frames, counts) ?? frames) bytes += serializeFrame(frame);
  const decoder = createEventDecoder({ maxEventBytes: 1_000_000, readNamed: readNamedEvent });
  const feeds: Feed[] = [];
  for (let from = 0; from < bytes.length; from += cut)
    for (const payload of decoder.feed(bytes.slice(from, from + cut)).payloads) feeds.push(machine.feed(payload));
  feeds.push(machine.end());
  return { ...collect(feeds, machine.state.usage), counts };
}

describe.each(pairs)('dialect %s and a server like %s', (name, flavour, wire) => {
  const dialect = dialects[name]?.(asItIs, wire);
  if (dialect === undefined) throw new Error(name);

  it('hears what was asked', () => {
    fc.assert(
      fc.property(asked, fc.boolean(), ({ history: messages, temperature, stop }, isStream) => {
        const request = {
          model: 'auto',
          messages,
          tools,
          ...(temperature === null ? {} : { temperature }),
          ...(stop === null ? {} : { stop }),
        };
        // llama.cpp has no eyes here.
        fc.pre(flavour !== 'llama-cpp' || !JSON.stringify(messages).includes('image_url'));
        const { chat } = hear(dialect, flavour, request, isStream);
        expect(turnsOf(chat.body.messages)).toEqual(turnsOf(messages));
        expect(chat.body).toMatchObject({ stream: isStream, ...(stop === null ? {} : { stop }) });
        expect(chat.maxTokens).toBe(5000);
        expect(chat.body.tools?.map((tool) => tool.function.name)).toEqual(['find', 'read_it']);
      }),
      { numRuns: 100 },
    );
  });

  it('understands what is answered, streamed in any pieces and whole', async () => {
    await fc.assert(
      fc.asyncProperty(planned, userTurn, fc.integer({ min: 1, max: 400 }), fc.boolean(), async (plan, last, cut, isStream) => {
        fc.pre(flavour !== 'llama-cpp' || !JSON.stringify(last).includes('image_url'));
        const isCut = plan.isCut && plan.calls.length === 0 && plan.thinking === null;
        const request: ChatRequest = { model: 'auto', messages: steered(last, plan), tools, ...(isCut ? { max_tokens: 2 } : {}) };
        const heard = hear(dialect, flavour, request, isStream);
        const { counts, usage, ...seen } = await answer(dialect, heard, isStream, cut);
        const shows = flavour !== 'gemini';
        const thought = plan.thinking === null || !shows ? '' : plan.thinking.replaceAll(/[[\]]/g, '');
        expect(seen.problem).toBeNull();
        if (isCut) expect(plan.text.startsWith(seen.text)).toBe(true);
        else expect(seen.text.trim()).toBe(plan.text.trim());
        expect(seen.reasoning.trim()).toBe(thought.trim());
        expect(seen.calls.map((call) => [call.name, JSON.parse(call.input)])).toEqual(
          plan.calls.map((call) => [call.name, call.input]),
        );
        if (!isCut) expect(seen.finish).toBe(plan.calls.length > 0 ? 'tool_calls' : 'stop');
        const { promptTokens, completionTokens, cachedTokens, writtenTokens } = Object(counts);
        expect(usage).toMatchObject({ promptTokens, completionTokens });
        if (['anthropic', 'openrouter'].includes(flavour))
          expect(usage).toMatchObject({ cachedTokens, ...(writtenTokens > 0 ? { cacheWriteTokens: writtenTokens } : {}) });
        if (flavour === 'gemini') expect(usage).toMatchObject({ cachedTokens });
      }),
      { numRuns: 100 },
    );
  });
});
