/** The JSON that agents ask for. */
import type { JsonSpec } from './task.ts';

const text = { type: 'string' };
const object = (name: string, properties: Record<string, unknown>): JsonSpec => ({
  name,
  schema: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
});

export const booking = object('booking', {
  name: text,
  guests: { type: 'integer', minimum: 1, maximum: 20 },
  day: text,
  time: text,
});

export const ticket = object('ticket', {
  customer: text,
  order: text,
  product: text,
  problem: text,
  urgency: { type: 'string', enum: ['low', 'normal', 'high'] },
});

export const verdict = object('verdict', {
  kind: { type: 'string', enum: ['complaint', 'question', 'praise'] },
  sure: { type: 'boolean' },
});

const step = {
  type: 'object',
  properties: { id: text, what: text, after: { type: 'array', items: text }, risk: text, rollback: text },
  required: ['id', 'what', 'after', 'risk', 'rollback'],
  additionalProperties: false,
};

export const plan = object('plan', { goal: text, steps: { type: 'array', items: step, minItems: 3, maxItems: 8 } });

export const decision = object('decision', {
  order_from: { type: 'string', enum: ['A', 'B', 'C', 'split'] },
  units: { type: 'integer', minimum: 0, maximum: 10000 },
  reasons: { type: 'array', items: text, minItems: 2, maxItems: 5 },
  risks: { type: 'array', items: text, minItems: 1, maxItems: 4 },
});
