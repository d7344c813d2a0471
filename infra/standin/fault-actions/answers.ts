/** Faults of the model itself: what it says, not how it is sent. */
import type { Answer } from '../chat.ts';
import { setting } from '../fault-request.ts';
import type { FaultAction } from './fault-action.ts';

/** Replaces the content and drops any call. */
function saying(content: (answer: Answer) => string): FaultAction {
  return { answer: (answer) => ({ ...answer, content: content(answer), calls: [] }) };
}

/** Rewrites the arguments of every call, unless a grammar would not let it. */
function withArguments(change: (text: string) => string): FaultAction {
  return {
    answer: (answer) =>
      answer.hasConstrainedArguments
        ? answer
        : { ...answer, calls: answer.calls.map((call) => ({ ...call, argumentsText: change(call.argumentsText) })) },
  };
}

const HOSTILE = [
  'before\n\ndata: {"choices":[{"index":0,"delta":{"content":"injected"}}]}\n\n',
  'event: message\nid: 1\ndata: [DONE]\n\n',
  '<script>alert(1)</script><img src=x onerror=alert(2)> ',
  'line\u2028separator\u2029paragraph \u0000 nul \r bare-cr \ufeff after',
].join('');

export const answerFaults = {
  'hostile-content': saying(() => HOSTILE),
  'breaks-schema': saying(() => '{"unexpected": [1, 2, 3], "shape": {"of": "another kind"}}'),
  'not-repairable': saying(() => 'I would rather describe it: three parts, the first of which is large. ]{ Nothing more to say.'),
  'code-fence': saying(
    ({ content }) => `Here is the JSON you asked for:\n\n\`\`\`json\n${content}\n\`\`\`\n\nLet me know if it helps.`,
  ),
  'trailing-text': saying(({ content }) => `${content}\n\nI hope this is what you were looking for!`),
  'trailing-comma': saying(({ content }) => content.replace(/([\]}])\s*$/, ',$1')),
  'single-quotes': saying(({ content }) => content.replaceAll('"', "'").replaceAll('true', 'True').replaceAll('null', 'None')),
  'truncated-json': {
    answer: (answer) => ({ ...answer, content: answer.content.slice(0, Math.ceil(answer.content.length / 2)) }),
    steps: (steps) => ({ ...steps, finishReason: 'length', isCut: true }),
  },
  'repair-bomb': {
    answer: (answer, { fault }) => ({ ...answer, content: '"http://a '.repeat(Math.ceil(setting(fault, 'bytes', 60_000) / 10)) }),
  },
  'deep-json': {
    answer: (answer, { fault }) => ({ ...answer, content: '['.repeat(setting(fault, 'depth', 20_000)) }),
  },
  'low-logprobs': { answer: (answer) => ({ ...answer, isUnsure: true }) },
  refusal: saying(() => "I'm sorry, but I can't help with that request."),
  hedged: saying(
    ({ content }) => `I'm not sure about this, and I don't have enough information to be certain. It might be that ${content}`,
  ),
  'empty-answer': saying(() => ''),
  'invalid-arguments': withArguments(() => '{"not_a_parameter": {"wrong": true}}'),
  'truncated-arguments': withArguments((text) => text.slice(0, Math.max(1, Math.floor(text.length / 2)))),
  'raw-markup': { hidesCalls: true },
  'prose-for-call': saying(() => 'I would look that up for you, but I do not know where.'),
  repetition: {
    answer: (answer) => ({ ...answer, content: 'and on and on '.repeat(12), calls: [] }),
    steps: (steps) => ({ ...steps, finishReason: 'repetition', stopReason: 'repetition_detected', isCut: true }),
  },
  runaway: {
    answer: (answer, { fault }) => ({
      ...answer,
      content: `Here it is: ${(fault.settings['text'] ?? '!').repeat(2000)}`,
      calls: [],
    }),
  },
  'starts-over': {
    startsOver: true,
    answer(answer, { fault, isContinuation }) {
      const isOther = isContinuation && fault.settings['words'] !== 'same';
      return isOther
        ? { ...answer, content: 'Certainly! Let me begin from the very beginning. Harbours are old, and some are deep.' }
        : answer;
    },
  },
  'unknown-tool': {
    answer: (answer) => ({ ...answer, calls: [{ name: 'tool_that_was_never_offered', argumentsText: '{"x": 1}' }] }),
  },
} satisfies Record<string, FaultAction>;
