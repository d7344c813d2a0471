/** The model of last resort: it answers where no other is up, and never before; what it costs has a budget of its own. */
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../shared/config-check.ts';
import { mergePatch } from '../../shared/merge-patch.ts';
import { ok } from '../../shared/result.ts';
import { labelValues } from '../../worker/core/metrics/labels.ts';
import type { TenantPort } from '../../worker/core/ports.ts';
import { dialects } from '../../worker/core/upstreams/registry.ts';
import { configWith, shippedTree } from '../support/fakes/config.ts';
import { unaskedTenants } from '../support/fakes/fake-state.ts';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway, type FakeGateway } from '../support/fakes/gateway.ts';
import { goodStream, hello, readEvents, streamed, streamReply } from './wire.ts';

const { 'qwen2.5-32b': large } = shippedTree().models;
const { large: upstream } = shippedTree().upstreams;

const config = {
  upstreams: {
    vendor: { ...upstream, url_var: 'VENDOR_URL', key_var: 'VENDOR_KEY', dialect: 'anthropic', access: false, tunnel: 'vendor' },
  },
  models: {
    claude: {
      ...large,
      upstreams: ['vendor'],
      served_name: 'claude-x',
      capabilities: ['tools', 'json_schema'],
      tool_formats: [],
    },
  },
  routing: {
    chains: { claude: [] },
    last_resort: { model: 'claude', budgets: [{ period: 'day', limit_usd: 5, when_exhausted: 'refuse' }] },
  },
};

const event = (payload: object): string => `event: ${Object(payload).type}\ndata: ${JSON.stringify(payload)}\n\n`;
const claudes = streamReply(
  event({ type: 'message_start', message: { id: 'msg_1', model: 'claude-x', usage: { input_tokens: 9, output_tokens: 1 } } }),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Bonjour' } }),
  event({ type: 'content_block_stop', index: 0 }),
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 4 } }),
  event({ type: 'message_stop' }),
);

interface Stand {
  readonly gateway: FakeGateway;
  /** The names of the budgets that were asked, request by request. */
  readonly asked: string[][];
}

/** @param down the models of which nothing is up @param permitted those of them that this request may try */
function stand(
  down: readonly string[],
  reply: Reply | Reply[] = claudes,
  patch: object = {},
  permitted: readonly string[] = [],
): Stand {
  const asked: string[][] = [];
  const tenants: TenantPort = {
    ...unaskedTenants,
    async admit(_tenant, _request, { budgets }) {
      asked.push(budgets.map(({ name }) => name));
      return { result: ok({ isCheapTierOnly: false, closedModels: [], mustFinish: true }), rate: null };
    },
    hear: () => undefined,
    finish: async () => undefined,
  };
  const gateway = createGateway({
    script: Array.isArray(reply) ? reply : [reply],
    config: mergePatch(config, patch) as object,
    change: (deps) => ({
      ...deps,
      tenants,
      health: {
        ...deps.health,
        async snapshot(background) {
          const seen = await deps.health.snapshot(background);
          const instances = Object.entries(seen.instances).map(([key, instance]) => {
            const isDown = down.some((modelId) => key.startsWith(modelId));
            return [
              key,
              isDown
                ? { ...instance, status: 'half_open' as const, untilMs: null, hasPermit: permitted.includes(instance.modelId) }
                : instance,
            ] as const;
          });
          return { ...seen, instances: Object.fromEntries(instances) };
        },
      },
    }),
  });
  return { gateway, asked };
}

const own = ['qwen2.5-7b', 'qwen2.5-32b'];

describe('a model of last resort', () => {
  it('says which stop sequences its wire has no room for', async () => {
    const warned = async (stop: unknown) =>
      Object(readEvents((await stand(own).gateway.ask({ ...streamed, stop })).events).metadata).warnings;
    expect(await warned(['a', '\n'])).toEqual(['claude-x is not told stop sequences of white space alone']);
    expect(await warned(['a'])).toBeUndefined();
  });

  it('answers where the GPU is gone, by its own wire and at its own budget', async () => {
    const { gateway, asked } = stand(own);
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Bonjour', finish: 'stop', isDone: true, error: null });
    expect(readEvents(answer.events).metadata).toMatchObject({
      model_id: 'claude',
      primary_model: 'qwen2.5-7b',
      fallback_used: true,
    });
    expect(gateway.upstream.calls).toMatchObject([{ path: '/v1/messages' }]);
    expect(asked).toEqual([['last_resort']]);
  });

  it('stands behind a model that is only tried, and answers when that fails', async () => {
    const { gateway, asked } = stand(own, [{ kind: 'status', status: 404 }, claudes], {}, ['qwen2.5-7b']);
    expect(readEvents((await gateway.ask(streamed)).events)).toMatchObject({ content: 'Bonjour', isDone: true });
    expect(gateway.upstream.calls.map(({ path }) => path)).toEqual(['/v1/chat/completions', '/v1/messages']);
    expect(asked).toEqual([['last_resort']]);
  });

  it.each([[[]], [['qwen2.5-7b']]])(
    'never answers while another model is up, nor is its budget asked (down: %j)',
    async (down) => {
      const { gateway, asked } = stand(down, goodStream('Hello'));
      expect(readEvents((await gateway.ask(streamed)).events)).toMatchObject({ content: 'Hello', isDone: true });
      expect(gateway.upstream.calls.map(({ path }) => path)).toEqual(['/v1/chat/completions']);
      expect(asked).toEqual([]);
    },
  );

  it('is in no tier’s list: a request for the large tier goes to the own one', async () => {
    const { gateway } = stand([], goodStream('Hello'));
    await gateway.ask({ ...streamed, model: 'large' });
    expect(gateway.entry()).toMatchObject({ servedModel: 'qwen2.5-32b' });
  });

  it('answers no key that may not use it', async () => {
    const { gateway } = stand(own, goodStream('Hello'));
    const { key } = gateway.caller;
    await gateway.ask(streamed, {}, { key: { ...key, allowedModels: own } });
    expect(gateway.upstream.calls.map(({ path }) => path)).not.toContain('/v1/messages');
  });

  it('answers nothing that it cannot do', async () => {
    const { gateway } = stand(own, goodStream('Hello'), { models: { claude: { cannot: ['n'] } } });
    await gateway.ask({ ...streamed, n: 2 });
    expect(gateway.upstream.calls.map(({ path }) => path)).not.toContain('/v1/messages');
  });

  it('is off where nobody says otherwise', async () => {
    const { gateway } = stand(own, goodStream('Hello'), { routing: { last_resort: null, chains: { claude: [] } } });
    await gateway.ask({ ...hello, stream: true });
    expect(gateway.upstream.calls.map(({ path }) => path)).not.toContain('/v1/messages');
    expect(shippedTree().routing.last_resort).toBeUndefined();
  });

  it.each([
    ['a model that is not there', { routing: { last_resort: { model: 'nobody' } } }, /no model "nobody"/],
    ['a model in a chain', { routing: { chains: { 'qwen2.5-32b': ['claude'] } } }, /would answer before that/],
    ['a model of another kind', { routing: { last_resort: { model: 'bge-small-en' } } }, /of kind chat/],
  ])('is not %s', (_, patch, message) => {
    const checked = checkConfig(mergePatch(mergePatch(shippedTree(), config), patch), Object.keys(dialects));
    expect(checked.ok ? '' : checked.mistakes.map((one) => one.message).join()).toMatch(message);
  });

  it('has its budget among the labels of the metrics', () => {
    expect(labelValues('budget', configWith(config))).toContain('last_resort');
    expect(labelValues('budget', configWith())).not.toContain('last_resort');
  });
});
