/**
 * What no single request can show: which model is asked after a failure, which one is blamed, and what the next client sees. Each runs on a
 * gateway with fast breakers and rescue enabled, with model servers that are healthy at the start.
 */
import type { GatewayUnderTest } from '../rig/connect.ts';
import { readReply, type Reply } from '../rig/reply.ts';
import { pause } from '../rig/waiting.ts';
import { contextSpeakers } from '../standin/fault-actions/context-words.ts';

export interface Sequence {
  readonly name: string;
  /** A sentence of behaviour. */
  readonly promise: string;
  /** Every broken promise; empty when all hold. */
  run(gateway: GatewayUnderTest): Promise<readonly string[]>;
}

const small = 'qwen2.5-7b';
const large = 'qwen2.5-32b';
/** Every answer is this text, so that a missing or repeated piece shows. */
const words = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen';
const question = `[[say:${words}]]Count to sixteen.`;

export const sequences: readonly Sequence[] = [
  {
    name: 'poison',
    promise: 'a body on which every model fails, however often it is sent, takes no model from anybody else',
    async run(gateway) {
      const poisoned: Reply[] = [];
      for (let time = 0; time < 8; time += 1) poisoned.push(await ask(gateway, `[[fault:server-error]]${question}`));
      const healthy = await ask(gateway, question);
      const { models } = await gateway.health();
      return [
        ...poisoned.flatMap((reply) => whenNot(reply.errors[0]?.['code'] === 'upstream_error', 'the poisoned client', reply)),
        ...wholeBy(healthy, small, 1),
        ...[small, large].flatMap((model) => (models[model]?.status === 'up' ? [] : [`${model} is ${models[model]?.status}`])),
      ];
    },
  },
  {
    name: 'dead-engine',
    promise: 'a model whose probes are well and whose calls all fail is left alone, and nobody notices',
    async run(gateway) {
      await gateway.control('small', { fault: 'server-error' });
      const count = 24;
      const wrong: string[] = [];
      for (let time = 0; time < count; time += 1) wrong.push(...wholeBy(await ask(gateway, `${question} ${time}`), large));
      const calls = (await gateway.chatCalls()).filter(({ server }) => server === 'small').length;
      return calls <= count / 2 ? wrong : [...wrong, `the dead engine was asked ${calls} times in ${count} requests`];
    },
  },
  {
    name: 'continuation',
    promise:
      'an answer that breaks off is continued, asked for again where that is refused, and shown once where the other starts over',
    async run(gateway) {
      const cuts = ['mid-reset', 'eof', 'stall', 'garbled-event', 'engine-death;ms=300'];
      const others = ['', '[[fault:refuses-prefill;on=large]]', '[[fault:starts-over;words=same;on=large]]'];
      const wrong: string[] = [];
      for (const cut of cuts) {
        for (const other of others) {
          await gateway.recovered();
          const reply = await ask(gateway, `[[fault:${cut};after=9;on=small]]${other}${question}`, { stream: true });
          wrong.push(...wholeBy(reply, large).map((what) => `${cut} ${other}: ${what}`));
          // The port refuses connections only a moment after the engine's death.
          if (cut.startsWith('engine-death')) await pause(700);
        }
      }
      return wrong;
    },
  },
  {
    name: 'larger-model',
    promise: 'a prompt that is too long for one model, in whatever words, is answered by one with more room, and blames nobody',
    async run(gateway) {
      const wrong: string[] = [];
      // Words without a number leave open whether any model has more room.
      for (const speaker of contextSpeakers.filter((name) => !['llama-cpp-500', 'ollama'].includes(name))) {
        const reply = await ask(gateway, `[[fault:context-words;of=${speaker};limit=2048;on=small]]${question}`);
        wrong.push(...wholeBy(reply, large).map((what) => `${speaker}: ${what}`));
      }
      const { models } = await gateway.health();
      return models[small]?.status === 'up' ? wrong : [...wrong, `${small} is ${models[small]?.status}`];
    },
  },
  {
    name: 'empty-answer',
    promise: 'an answer without a word is asked for once more elsewhere, and passed with a warning when it comes again',
    async run(gateway) {
      const helped = await ask(gateway, `[[fault:empty-answer;on=small]]${question}`);
      const twice = await ask(gateway, `[[fault:empty-answer]]${question}`);
      const isWarned = Array.isArray(twice.metadata?.['warnings']);
      return [
        ...wholeBy(helped, large),
        ...whenNot(twice.text === '' && twice.errors.length === 0 && isWarned, 'empty everywhere', twice),
      ];
    },
  },
  {
    name: 'real-reason',
    promise: 'what is told after a fallback is why the first model failed, not that the second lacks its model',
    async run(gateway) {
      const late = await ask(gateway, `[[fault:never-answers;on=small]][[fault:model-missing;on=large]]${question}`);
      return whenNot(late.errors[0]?.['code'] === 'upstream_timeout', 'a silent model, then a missing one', late);
    },
  },
  {
    name: 'half-an-emoji',
    promise: 'half an emoji reaches no model server',
    async run(gateway) {
      const body = `{"model":"small","messages":[{"role":"user","content":"${question} \\ud83d"}]}`;
      const reply = await readReply(await gateway.chat(body));
      const seen = JSON.stringify((await gateway.chatCalls()).at(-1)?.body ?? null);
      return [...wholeBy(reply, small), ...(seen.includes('\\ud83d') ? ['it reached a model server'] : [])];
    },
  },
];

async function ask(gateway: GatewayUnderTest, content: string, more: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
  return readReply(await gateway.chat({ model: 'small', messages: [{ role: 'user', content }], ...more }));
}

/** What is wrong with an answer that should be whole and come from this model. */
function wholeBy(reply: Reply, model: string, attempts?: number): string[] {
  const isWhole = reply.text === words && reply.errors.length === 0 && reply.finishReasons.join() === 'stop';
  const isBy = reply.metadata?.['model_id'] === model;
  const isQuick = attempts === undefined || reply.metadata?.['attempts'] === attempts;
  return whenNot(isWhole && isBy && isQuick, `an answer by ${model}`, reply);
}

function whenNot(isKept: boolean, what: string, { status, text, errors, finishReasons, metadata }: Reply): string[] {
  if (isKept) return [];
  const told = { status, text, errors, finishReasons, by: metadata?.['model_id'], attempts: metadata?.['attempts'] };
  return [`${what}: ${JSON.stringify(told)}`];
}
