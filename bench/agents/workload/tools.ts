/** Tools of the agents: what the model is told of them, and what the agent's own function answers. */
import type { ToolSpec } from './task.ts';

const object = (properties: Record<string, unknown>, required: readonly string[]) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

export const order: ToolSpec = {
  name: 'find_order',
  description: 'Finds an order of the shop by its number.',
  parameters: object({ order_id: { type: 'string', description: 'The number, digits only' } }, ['order_id']),
  result: '{"status":"sent","carrier":"DPD","parcel":"P{n:100000-999999}","expected":"{day}","items":["{product}"]}',
};

export const weather: ToolSpec = {
  name: 'get_weather',
  description: 'The forecast for a city and a day.',
  parameters: object(
    { city: { type: 'string' }, day: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
    ['city', 'day'],
  ),
  result: '{"city":"{city}","day":"{day}","high":{n:4-31},"low":{n:-6-3},"rain_percent":{n:0-95},"wind_kmh":{n:3-60}}',
};

export const logs: ToolSpec = {
  name: 'search_logs',
  description: 'Searches the logs of a service. Returns the lines that match, newest first.',
  parameters: object(
    {
      service: { type: 'string' },
      query: { type: 'string' },
      since_minutes: { type: 'integer', minimum: 1, maximum: 10080 },
    },
    ['service', 'query'],
  ),
  result:
    '12:04:11.{n:100-999} WARN pool exhausted waiting=41 max=20 held_ms={n:9000-31000}\n' +
    '12:04:11.{n:100-999} ERROR could not serialize access due to concurrent update key=ord_{n:1000-9999}\n' +
    '12:04:09.{n:100-999} INFO deploy {n:300-399} finished replicas=3\n' +
    '12:03:58.{n:100-999} WARN retry attempt=7 backoff_ms=0 queue={n:200-4000}\n' +
    '12:03:41.{n:100-999} INFO gc pause_ms={n:80-900} heap_mb={n:700-1900}\n' +
    '12:03:40.{n:100-999} WARN slow query ms={n:1200-9000} plan=seqscan table=settlements',
};
