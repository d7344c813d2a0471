/** What a turn leaves behind is found by the request that continues it, and by no other. */
import { describe, expect, it } from 'vitest';
import type { FakeSessions } from '../support/fakes/fake-state.ts';
import { createGateway, type FakeGateway } from '../support/fakes/gateway.ts';
import { completion, goodStream, readEvents, role, stop, streamReply, text } from './wire.ts';

const system = { role: 'system', content: 'You help.' };
const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
const hard = 'Prove that the algorithm terminates, analyze its complexity step by step, and derive a counterexample.';
const doubt = "I'm not sure, perhaps it is possible.";

const memoriesOf = (gateway: FakeGateway) => [...(gateway.deps.sessions as FakeSessions).memories.values()];

async function askModel(gateway: FakeGateway, messages: readonly object[], change: object = {}): Promise<string | null> {
  const answer = await gateway.ask({ model: 'auto', max_tokens: 50, messages, ...change });
  const metadata = answer.kind === 'stream' ? readEvents(answer.events).metadata : answer.metadata;
  return (metadata as { model_id: string | null }).model_id;
}

describe('a conversation that names no session', () => {
  it.each([
    ['whole', {}, completion('Yes.'), completion('Fine.')],
    ['streamed', { stream: true }, goodStream('Ye', 's.'), goodStream('Fine.')],
  ])('stays large after a hard turn, and others that began alike do not (%s)', async (_, change, first, last) => {
    const gateway = createGateway({ script: [first], last });
    const start = [system, user('Hi'), assistant('Hello!')];
    expect(await askModel(gateway, [...start, user(hard)], change)).toBe('qwen2.5-32b');
    expect(await askModel(gateway, [...start, user(hard), assistant('Yes.'), user('Thanks!')], change)).toBe('qwen2.5-32b');
    expect(await askModel(gateway, [...start, user('Thanks!')], change)).toBe('qwen2.5-7b');
    expect(await askModel(gateway, [system, user('Hi')], change)).toBe('qwen2.5-7b');
    expect(await askModel(gateway, [...start, user(hard), assistant('No.'), user('Thanks!')], change)).toBe('qwen2.5-7b');
  });

  it('stays large for as long as it goes on', async () => {
    const gateway = createGateway({ script: [], last: completion('Yes.') });
    const messages: object[] = [user(hard)];
    const models: (string | null)[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      models.push(await askModel(gateway, messages));
      messages.push(assistant('Yes.'), user('Thanks!'));
    }
    expect(models).toEqual(Array.from({ length: 4 }, () => 'qwen2.5-32b'));
  });

  it('stays large once the small tier was not good enough in it', async () => {
    const config = { routing: { escalation: { enabled: true } } };
    const gateway = createGateway({ script: [completion(doubt), completion('Sure.')], last: completion('Fine.'), config });
    expect(await askModel(gateway, [system, user('Hi')])).toBe('qwen2.5-32b');
    expect(await askModel(gateway, [system, user('Hi'), assistant('Sure.'), user('Thanks!')])).toBe('qwen2.5-32b');
    expect(await askModel(gateway, [system, user('Hi'), assistant(doubt), user('Thanks!')])).toBe('qwen2.5-7b');
    expect(memoriesOf(gateway)).toContainEqual({ modelId: 'qwen2.5-32b', tier: 'large', isEscalated: true });
  });

  it('keeps a tool loop with the model that began it, as it is and as its client writes it', async () => {
    const call = (args: string, id = 'c1') => ({ id, type: 'function', function: { name: 'f', arguments: args } });
    const gateway = createGateway({
      script: [completion(null, { message: { tool_calls: [call('{"a": 1}')] }, finish: 'tool_calls' })],
      last: completion('Done.'),
    });
    const asked = [system, user('Hi')];
    expect(await askModel(gateway, asked, { tools })).toBe('qwen2.5-7b');
    const result = { role: 'tool', tool_call_id: 'c2', content: hard };
    const loop = [...asked, { role: 'assistant', tool_calls: [call('{"a":1}', 'c2')] }, result];
    const answer = await gateway.ask({ model: 'auto', max_tokens: 50, messages: loop, tools });
    expect(answer.metadata?.reason).toContain('qwen2.5-7b began this tool loop');
  });

  it('leaves nothing behind that would change nothing', async () => {
    const gateway = createGateway({ script: [], last: completion('Fine.') });
    await askModel(gateway, [system, user('Hi')]);
    await askModel(gateway, [system, user('Hi'), assistant('Fine.'), user('Thanks!')]);
    expect(memoriesOf(gateway)).toEqual([]);
  });

  it('goes on with whichever of several answers its client takes', async () => {
    const choice = (index: number, content: string) => ({
      index,
      message: { role: 'assistant', content },
      finish_reason: 'stop',
    });
    const gateway = createGateway({
      script: [{ kind: 'json', body: { choices: [choice(0, 'One.'), choice(1, 'Two.')] } }],
      last: completion('Fine.'),
    });
    expect(await askModel(gateway, [user(hard)], { n: 2 })).toBe('qwen2.5-32b');
    expect(await askModel(gateway, [user(hard), assistant('Two.'), user('Thanks!')])).toBe('qwen2.5-32b');
  });

  it('goes on with an answer that two models made', async () => {
    const gateway = createGateway({
      script: [streamReply(role, text('Once '), text('upon'), 'reset'), streamReply(role, text(' a time'), stop)],
      last: goodStream('Fine.'),
      config: { routing: { rescue: { enabled: true, max_rescues: 1 } } },
    });
    const stream = { stream: true };
    await askModel(gateway, [user(hard)], stream);
    expect(await askModel(gateway, [user(hard), assistant('Once upon a time'), user('Thanks!')], stream)).toBe('qwen2.5-32b');
  });

  it('leaves nothing behind where it broke off', async () => {
    const gateway = createGateway({ script: [streamReply(role, text('Once '), 'reset')] });
    await gateway.ask({ model: 'auto', max_tokens: 50, stream: true, messages: [user(hard)] });
    expect(memoriesOf(gateway)).toEqual([]);
  });
});
