/** Pictures in a history, in front of models that see none. */
import { describe, expect, it } from 'vitest';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';
import { completion } from './wire.ts';

const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
const shown = { role: 'user', content: [{ type: 'text', text: 'Look.' }, picture] };
const answer = { role: 'assistant', content: 'I cannot see it.' };
const more = { role: 'user', content: 'Go on, then.' };
const note = { type: 'text', text: '[image: it cannot be seen here]' };

async function ask(messages: readonly object[], model: object = {}, path = '/v1/chat/completions') {
  const { gateway, send } = createFakeApp({ script: [completion('So.')], config: { models: { 'qwen2.5-7b': model } } });
  const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };
  const response = await send('POST', path, headers, JSON.stringify({ model: 'small', messages }));
  const json = JSON.parse(await gateway.time.runUntil(response.text()));
  return { status: response.status, json, sent: Object(gateway.upstream.calls[0]?.body).messages };
}

describe('a picture', () => {
  it('that was answered is a note, and the client is told', async () => {
    const { status, json, sent } = await ask([shown, answer, more]);
    expect([status, sent]).toEqual([200, [{ ...shown, content: [{ type: 'text', text: 'Look.' }, note] }, answer, more]]);
    expect(json['x-routing-metadata'].ignored).toEqual(['earlier images']);
    expect((await ask([shown, answer, more], {}, '/v1/route')).status).toBe(200);
  });

  it('of a tool is one as well', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'read', arguments: '{}' } };
    const calling = { role: 'assistant', content: null, tool_calls: [call] };
    const result = { role: 'tool', tool_call_id: 'c', content: [picture] };
    expect((await ask([more, calling, result, answer, more])).sent[2]).toEqual({ ...result, content: [note] });
    expect((await ask([more, calling, result])).json.error.code).toBe('vision_model_missing');
  });

  it('that is shown now is refused', async () => {
    expect((await ask([more, answer, shown])).json.error.code).toBe('vision_model_missing');
    expect((await ask([shown, answer])).json.error.code).toBe('vision_model_missing');
  });

  it('is sent where a model sees', async () => {
    const { sent } = await ask([shown, answer, more], {
      capabilities: ['tools', 'json_schema', 'logprobs', 'continue', 'vision'],
    });
    expect(sent).toEqual([shown, answer, more]);
  });
});
