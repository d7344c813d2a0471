/**
 * Writes what agents with tools are asked, for training only: things that one call answers, and jobs that take several calls and some thought. Both are about
 * the same things, so that neither a tool, nor a number, nor the subject decides.
 */
import type { ChatRequest } from '../../shared/chat.ts';
import { domains, type Domain } from './agent-domains.ts';
import { pick, seeded, type Random } from './random.ts';

const slots: Readonly<Record<string, readonly string[]>> = {
  name: ['Ines', 'Ms Okafor', 'Tomasz', 'Lindqvist', 'Priya', 'Mr Baptiste', 'Yuki', 'Holm', 'Ricarda'],
  day: ['Monday', 'Thursday', 'the 14th', 'tomorrow', 'next Friday', '3 June'],
  city: ['Porto', 'Graz', 'Leeds', 'Aarhus', 'Lyon', 'Brno'],
  firm: ['Halden Ltd', 'the brewery', 'Marlow & Pike', 'the county'],
  get: [
    'Look up',
    'look up',
    'Pull up',
    'Show me',
    'show',
    'Get me',
    'Fetch',
    'Open',
    'Check',
    'check',
    'Find',
    'find',
    'Give me',
    'I need',
  ],
  learn: ['Find out', 'Tell me', 'Check', 'check', 'See', 'Look up', 'Please check', 'Can you see', 'Let me know'],
  ask: ['please', 'thanks', 'quickly', 'for me', 'when you have a second'],
  because: [
    'the customer is on the phone',
    'I have to tell {name}',
    'I am at the door',
    'it is for the meeting',
    '{name} asked for it',
    'I want to leave at four',
  ],
};

/** What one call answers. */
const easy: readonly string[] = [
  '{get} {thing}',
  '{get} {thing}.',
  '{get} {thing}, {ask}.',
  '{get} {thing}: {question}',
  '{get} {thing}: {question}',
  '{get} {thing} and tell me: {question}',
  '{thing}: {question}',
  '{thing}?',
  '{learn} {fact} ({thing}).',
  '{learn} {fact}, {thing}',
  'for {thing}, {learn} {fact}',
  'I would like to know {fact}: {thing}',
  '{action}',
  '{action}',
  '{action}.',
  '{action}, {ask}',
  'please {action}',
  'can you {action}?',
  'Hi, {name} here. Could you {action}?',
  '{get} {thing}, {because}.',
  '{action}, {because}',
  '{learn} {fact} for {thing}, {because}.',
];
/** What one call answers after another one. */
const easyNext: readonly string[] = [
  'and {thing}?',
  '{thing} too, {ask}',
  'same for {thing}',
  'now {thing}',
  'What about {thing}?',
  'And {get} {thing} as well.',
  'ok, then {action}',
  'good, {action}',
  'and {fact}?',
  '{question}',
];
/** Several calls, and conclusions from what they say. */
const hard: readonly string[] = [
  '{trouble}',
  '{trouble}.',
  'Fix this: {trouble}.',
  '{trouble}. Find out why and say how to stop it.',
  '{trouble}. Find the cause, with evidence for it, and propose a remedy that does not make something else worse.',
  '{trouble}: which explanations fit, and what would tell them apart? Query what you need.',
  'Why is it that {trouble}? Rule out the obvious first, then show what is left.',
  '{trouble}. Check everything that changed at that time and work out what did it.',
  'Go through {many}, group them by cause, and recommend what to change first.',
  'Look at {many} and tell me which of the patterns are real and which are chance.',
  'Compare {many} with those of the year before, explain the difference and forecast the next quarter.',
  'Check {many} against the rules, list each violation with its reason, and draft what we do about it.',
  'Get {many}, reconcile them with the second system, and explain every difference.',
  'Pull {many} and build a model of what drives them; say how sure you are.',
  'Design a process for {many}',
  'Design the architecture of a system for {many}',
  'Work out {job}.',
  'Decide {job}. Gather what you need first.',
  'Find {job}; then explain what you traded against what.',
  '{job}: look up what you need and justify each step.',
];
/** The same after another turn. */
const hardNext: readonly string[] = [
  'Does the same cause explain why {trouble}? Which of the two came first?',
  'Now go through {many} in the same way and reconcile the two results.',
  'That does not fit: {trouble}. What did we overlook?',
  'Good. Given that, work out {job}.',
];

function fill(pattern: string, domain: Domain, random: Random): string {
  let text = pattern;
  // A filling may have slots of its own.
  for (let depth = 0; depth < 3; depth += 1)
    text = text.replace(/\{(\w+)\}/g, (_, slot: string) => {
      if (slot === 'n') return String(Math.floor(10 ** (1 + random() * 4)));
      const own = Object.entries(domain).find(([name]) => name === slot)?.[1] ?? slots[slot];
      return pick(Array.isArray(own) ? own : [''], random);
    });
  return random() < 0.6 ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

function toolsOf(domain: Domain, random: Random): NonNullable<ChatRequest['tools']> {
  const count = 1 + Math.floor(random() * domain.tools.length);
  return domain.tools.slice(0, count).map((name) => ({
    type: 'function' as const,
    function: {
      name,
      description: 'Does what its name says.',
      parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
    },
  }));
}

/** A turn before, with its call and result. */
function before(domain: Domain, isHard: boolean, random: Random): ChatRequest['messages'] {
  const [name = 'look'] = domain.tools;
  return [
    { role: 'user', content: fill(pick(isHard ? hard : easy, random), domain, random) },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: { name, arguments: '{"query":"x"}' } }],
    },
    { role: 'tool', tool_call_id: 'a', content: '{"found":1}' },
    { role: 'assistant', content: 'Here is what I found.' },
  ];
}

const shares = { withTools: 0.8, withTurnBefore: 0.3, withResult: 0.2 } as const;

/** `count` requests, hard and easy in turn, always the same for one seed. */
export function writeAgentAsks(count: number, seed: number): { request: ChatRequest; isHard: boolean; isCode: boolean }[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, at) => {
    const isHard = at % 2 === 0;
    const domain = pick(domains, random);
    const isNext = random() < shares.withTurnBefore;
    const patterns = isNext && random() < 0.6 ? (isHard ? hardNext : easyNext) : isHard ? hard : easy;
    const messages: ChatRequest['messages'] = isNext ? before(domain, random() < 0.5, random) : [];
    messages.push({ role: 'user', content: fill(pick(patterns, random), domain, random) });
    const hasTools = isNext || random() < shares.withTools;
    if (hasTools && random() < shares.withResult) messages.push(...before(domain, isHard, random).slice(1, 3));
    return {
      request: { model: 'auto', messages, ...(hasTools ? { tools: toolsOf(domain, random) } : {}) },
      isHard,
      isCode: domain.isCode === true,
    };
  });
}
