/** vLLM's structured outputs through the pipeline: asked for upstream, checked here, and asked again where a server ignores them. */
import { describe, expect, it } from 'vitest';
import { createGateway } from '../support/fakes/gateway.ts';
import { completion, done, goodStream, hello, readEvents, role, chunk, streamReply, text } from './wire.ts';

const choice = { ...hello, structured_outputs: { choice: ['yes', 'no'] } };

describe('structured_outputs', () => {
  it('travel, and the answer that keeps to them is delivered', async () => {
    const gateway = createGateway({ script: [completion('yes')] });
    const { text: body } = await gateway.ask(choice);
    expect(gateway.upstream.calls[0]?.body['structured_outputs']).toEqual(choice.structured_outputs);
    expect(JSON.parse(body).choices[0].message.content).toBe('yes');
  });

  it('that a server ignores are asked for again, then elsewhere, then told', async () => {
    const prose = completion('I would say yes.');
    const gateway = createGateway({ script: [prose, prose, completion('yes')] });
    const { text: body, metadata } = await gateway.ask(choice);
    expect(JSON.parse(body).choices[0].message.content).toBe('yes');
    expect(metadata).toMatchObject({ model_id: 'qwen2.5-32b', attempts: 3 });
    expect((await createGateway({ script: [], last: prose }).ask(choice)).code).toBe('invalid_structured_output');
  });

  it('stream as one piece when they are whole, and nothing of a wrong answer is shown', async () => {
    const gateway = createGateway({ script: [goodStream('I would', ' say yes.'), goodStream('n', 'o')] });
    const { events } = await gateway.ask({ ...choice, stream: true });
    expect(readEvents(events)).toMatchObject({ content: 'no', finish: 'stop', error: null, isDone: true });
  });

  it('cut by the token limit end as cut, with what there is', async () => {
    const regex = { ...hello, stream: true, structured_outputs: { regex: 'a+b' } };
    const gateway = createGateway({ script: [streamReply(role, text('aaa'), chunk({}, 'length'), done)] });
    expect(readEvents((await gateway.ask(regex)).events)).toMatchObject({ content: 'aaa', finish: 'length', error: null });
  });
});

describe('a final message to continue', () => {
  it('travels as vLLM reads it', async () => {
    const gateway = createGateway({ script: [completion(' upon a time')] });
    const messages = [...hello.messages, { role: 'assistant', content: 'Once' }];
    const { kind } = await gateway.ask({ ...hello, messages, continue_final_message: true, add_generation_prompt: false });
    expect(kind).toBe('json');
    // As a stream: of a whole answer llama.cpp repeats what was begun.
    expect(gateway.upstream.calls[0]?.body).toMatchObject({
      messages,
      stream: true,
      continue_final_message: true,
      add_generation_prompt: false,
    });
  });

  it('is refused by name where no model can continue one', async () => {
    const config = {
      models: { 'qwen2.5-7b': { capabilities: [], tool_formats: [] }, 'qwen2.5-32b': { capabilities: [], tool_formats: [] } },
    };
    const gateway = createGateway({ script: [], config });
    const messages = [...hello.messages, { role: 'assistant', content: 'Once' }];
    expect((await gateway.ask({ ...hello, messages, continue_final_message: true })).code).toBe('unsupported_parameter');
  });
});
