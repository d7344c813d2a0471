/** `POST /v1/classify`: labels of a served classifier in vLLM's form, or of labels that the request brings along. */
import type { LimitsConfig } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { ok, type Result } from '../../../../shared/result.ts';
import { type AnswerFrame, frameEnd, frameStart } from './pooling-request.ts';
import type { PoolingSurface, ReadPooling } from './pooling-surface.ts';
import { type Body, invalid, readBody, readInputs, readModel, readTruncation, tooMany } from './read-fields.ts';

const fieldsRead = ['model', 'input', 'candidate_labels', 'hypothesis_template', 'truncate_prompt_tokens'];

export const classifySurface: PoolingSurface = { path: '/v1/classify', scope: 'classify', read };

function read(text: string, limits: LimitsConfig): Result<ReadPooling, Failure> {
  const body = readBody(text, limits, fieldsRead);
  if (!body.ok) return body;
  const { fields, ignored } = body.value;
  const model = readModel(fields);
  if (!model.ok) return model;
  const inputs = readInputs(fields, 'input', limits);
  if (!inputs.ok) return inputs;
  const truncation = readTruncation(fields);
  if (!truncation.ok) return truncation;
  const truncateTokens = truncation.value;
  const labels = readLabels(fields, inputs.value.inputs.length, limits);
  if (!labels.ok) return labels;
  const template = readTemplate(fields);
  if (!template.ok) return template;
  const task = { kind: 'classifier', inputs: inputs.value.inputs, truncateTokens } as const;
  const asked = { model: model.value, task, ignored, write };
  if (labels.value === null) return ok({ ...asked, labels: null });
  const texts = inputs.value.inputs.filter((input) => typeof input === 'string');
  if (texts.length < inputs.value.inputs.length)
    return invalid('input', 'With candidate_labels, expected a text or a list of texts.');
  return ok({ ...asked, labels: { texts, labels: labels.value, template: template.value, truncateTokens } });
}

/** Every text is held against every label, and all of them together are the inputs of a request. */
function readLabels(fields: Body, texts: number, { max_inputs: most }: LimitsConfig): Result<readonly string[] | null, Failure> {
  const { candidate_labels: labels } = fields;
  if (labels === undefined) return ok(null);
  if (!Array.isArray(labels) || labels.length === 0) return invalid('candidate_labels', 'Expected a list of labels.');
  const wrong = labels.findIndex((label) => typeof label !== 'string' || label.trim() === '');
  if (wrong !== -1) return invalid(`candidate_labels.${wrong}`, 'Expected a text that is not empty.');
  const twice = labels.findIndex((label, i) => labels.indexOf(label) !== i);
  if (twice !== -1) return invalid(`candidate_labels.${twice}`, 'It is in the list already.');
  if (labels.length * texts > most) return tooMany('candidate_labels', labels.length * texts, most);
  return ok(labels.filter((label) => typeof label === 'string'));
}

function readTemplate({ hypothesis_template: template }: Body): Result<string | null, Failure> {
  if (template === undefined) return ok(null);
  const isOne = typeof template === 'string' && template.length <= 500 && /\{(?:label)?\}/.test(template);
  return isOne
    ? ok(template)
    : invalid('hypothesis_template', 'Expected a sentence of at most 500 characters with {} or {label} in it.');
}

function write(values: readonly string[], frame: AnswerFrame): string {
  const data = values.map((raw, i) => `{"index":${i},${raw.slice(1)}`);
  return `{${frameStart(frame, 'classify')},"data":[${data.join(',')}],${frameEnd(frame)}}`;
}
