/** Chat bodies in which a fault of the table can show, the same with and without it. */
import type { FaultCase, Need } from './fault-case.ts';
import { directiveOf } from './table.ts';

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

const oslo = '[[call:get_weather {"city": "Oslo", "days": 3}]]';
const rome = '[[call:get_weather {"city": "Rome", "days": 2}]]';
const weather = { tools: [weatherTool] };

interface Demand {
  /** The server whose parsers the demand needs. */
  readonly server: 'small' | 'large';
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a fault needs to be asked for, besides the words. */
const demands: Readonly<Record<Need | 'none', Demand>> = {
  none: { server: 'small', text: '[[tokens:12]]Describe a harbour.', body: {} },
  tools: { server: 'large', text: `[[say:]]${oslo}How is the weather?`, body: weather },
  two_tools: { server: 'large', text: `[[say:]]${oslo}${rome}How is the weather?`, body: weather },
  required_tool: { server: 'large', text: `[[say:]]${oslo}How is the weather?`, body: { ...weather, tool_choice: 'required' } },
  text_tools: { server: 'small', text: `[[say:]]${oslo}How is the weather?`, body: weather },
  two_text_tools: { server: 'small', text: `[[say:]]${oslo}${rome}How is the weather?`, body: weather },
  unused_tools: { server: 'small', text: '[[say:Hello!]]Good evening.', body: weather },
  schema: {
    server: 'small',
    text: 'Describe a harbour.',
    // Room for any other text.
    body: { max_tokens: 4000, response_format: { type: 'json_schema', json_schema: { name: 'harbour', schema: harbourSchema } } },
  },
  logprobs: { server: 'small', text: '[[tokens:12]]Describe a harbour.', body: { logprobs: true, top_logprobs: 2 } },
  thinking: { server: 'large', text: '[[think:Boats need depth.]][[tokens:12]]Describe a harbour.', body: {} },
  room: { server: 'small', text: 'Describe a harbour.', body: { max_tokens: 2000 } },
  flow: { server: 'small', text: '[[tokens:90]][[pace:60]]Describe a harbour.', body: {} },
};

/** The model server that is told to show the fault. */
export function serverOf({ needs }: FaultCase): 'small' | 'large' {
  return demands[needs ?? 'none'].server;
}

/** @param shownBy the model servers that show the fault: `all`, only the first, or none */
export function faultRequest(
  row: FaultCase,
  { shownBy, isStream }: { readonly shownBy: 'all' | 'first' | 'none'; readonly isStream: boolean },
): Record<string, unknown> {
  const { text, body } = demands[row.needs ?? 'none'];
  const on = shownBy === 'first' ? `;on=${serverOf(row)}` : '';
  const fault = shownBy === 'none' ? '' : `[[fault:${directiveOf(row)}${on}]]`;
  return {
    model: serverOf(row),
    // More than any valid answer here needs, so that longer ones can be ended at the total limit.
    max_tokens: 100,
    messages: [{ role: 'user', content: fault + text }],
    ...(isStream ? { stream: true, stream_options: { include_usage: true } } : {}),
    ...body,
  };
}
