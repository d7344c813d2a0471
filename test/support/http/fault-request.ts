/** Chat bodies in which a fault of the table can show, the same with and without it. */
import { directiveOf, type FaultCase } from '../../../infra/faults/table.ts';

const weatherTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city'],
    },
  },
};

const harbourSchema = {
  type: 'object',
  properties: { name: { type: 'string' }, berths: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } },
  required: ['name', 'berths', 'tags'],
  additionalProperties: false,
};

/** What a fault needs to be asked for, besides the words. */
const demands = {
  none: { text: '[[tokens:12]]Describe a harbour.', body: {} },
  tools: { text: '[[call:get_weather {"city":"Oslo","days":3}]]How is the weather?', body: { tools: [weatherTool] } },
  schema: {
    text: 'Describe a harbour.',
    body: { response_format: { type: 'json_schema', json_schema: { name: 'harbour', schema: harbourSchema } } },
  },
  logprobs: { text: '[[tokens:12]]Describe a harbour.', body: { logprobs: true, top_logprobs: 2 } },
  thinking: { text: '[[think:Boats need depth.]][[tokens:12]]Describe a harbour.', body: {} },
} as const;

/** The model server that is told to show the fault: the one whose parsers the demand needs. */
export function serverOf({ needs }: FaultCase): 'small' | 'large' {
  return needs === 'tools' || needs === 'thinking' ? 'large' : 'small';
}

/** @param shownBy `all` model servers, only the one asked first, or none of them */
export function faultRequest(
  row: FaultCase,
  { shownBy, isStream }: { readonly shownBy: 'all' | 'first' | 'none'; readonly isStream: boolean },
): Record<string, unknown> {
  const { text, body } = demands[row.needs ?? 'none'];
  const on = shownBy === 'first' ? `;on=${serverOf(row)}` : '';
  const fault = shownBy === 'none' ? '' : `[[fault:${directiveOf(row)}${on}]]`;
  return {
    model: serverOf(row),
    messages: [{ role: 'user', content: fault + text }],
    ...(isStream ? { stream: true, stream_options: { include_usage: true } } : {}),
    ...body,
  };
}
