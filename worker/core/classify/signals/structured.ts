/** Structured-output signal: how complex the required form is. A flat schema is easy; many properties and deep nesting are not. */
import type { RequestView } from '../view.ts';
import { interpolate, type Signal, type SignalValue } from './signal.ts';

const jsonModeValue = 0.45;
/** Properties of the schema, and its nesting (a flat object schema has depth 3) → value; the larger counts. */
const byProperties = [
  [0, 0.3],
  [5, 0.45],
  [15, 0.65],
  [40, 1],
] as const;
const byDepth = [
  [3, 0.3],
  [5, 0.5],
  [9, 0.8],
  [14, 1],
] as const;

function calibrated(view: RequestView): SignalValue {
  const { responseFormat, schemaProperties, schemaDepth } = view;
  const isSchema = responseFormat === 'json_schema';
  const value = isSchema
    ? Math.max(interpolate(byProperties, schemaProperties), interpolate(byDepth, schemaDepth))
    : jsonModeValue;
  const applies = responseFormat !== null && responseFormat !== 'text';
  return {
    value: applies ? value : 0,
    applies,
    facts: { responseFormat: responseFormat ?? 'none', schemaProperties, schemaDepth },
  };
}

/** The original counts any response_format, `text` included. */
function seed(view: RequestView): SignalValue {
  const applies = view.responseFormat !== null;
  return { value: applies ? 0.7 : 0, applies, facts: { responseFormat: view.responseFormat ?? 'none' } };
}

export const structured: Signal = { phrase: 'answer format', calibrated, seed };
