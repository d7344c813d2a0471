/**
 * Rating labels that a request brings along with models that were not trained on them. The probabilities of a text's labels sum to 1: they say which
 * label fits best, not whether any does.
 */
import type { ModelConfig } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { PoolingTask } from '../request/pooling-task.ts';
import { readLabelled } from './values.ts';
import { floatsOf } from './vectors.ts';

/** What a client wants to know: which of the labels fits each text. */
export interface LabelAsk {
  readonly texts: readonly string[];
  readonly labels: readonly string[];
  /** A sentence with `{label}` or `{}` in it; null: the model's own. */
  readonly template: string | null;
  readonly truncateTokens: number | null;
}

export interface ZeroShot {
  /** The model that is asked in place of the classifier; null: the classifier itself. */
  readonly embedder: string | null;
  readonly task: PoolingTask;
  /** By text, a JSON object with label, labels and probabilities; null for values that cannot be read. @param values of the task's inputs */
  read(values: readonly string[]): readonly string[] | null;
}

/** How this classifier answers. Fails where it rates only its own labels. */
export function zeroShot(modelId: string, { zero_shot: way }: ModelConfig, ask: LabelAsk): Result<ZeroShot, Failure> {
  if (way === undefined) {
    const detail = `${modelId} rates only its own labels. Leave candidate_labels out, or use a model with zero_shot.`;
    return fail({ code: 'unsupported_parameter', param: 'candidate_labels', detail });
  }
  const { texts, labels, truncateTokens } = ask;
  const sentences = labels.map((label) => sentenceOf(ask.template ?? way.template, label));
  if (way.method === 'nli') {
    const inputs = texts.flatMap((text) => sentences.map((sentence) => `${text}${way.separator}${sentence}`));
    const index = way.entailment_index ?? 0;
    const task = { kind: 'classifier', inputs, truncateTokens } as const;
    return ok({ embedder: null, task, read: (values) => written(ask, entailments(values, index)) });
  }
  const inputs = [...texts, ...sentences];
  const task = { kind: 'embedding', inputs, encoding: 'base64', dimensions: null, truncateTokens } as const;
  const embedder = way.model ?? null;
  return ok({ embedder, task, read: (values) => written(ask, likenesses(values, texts.length, way.temperature)) });
}

function sentenceOf(template: string, label: string): string {
  // A label may contain what replacement patterns look like.
  return template.replace(/\{(?:label)?\}/, () => label);
}

/** Weights of every text's labels, one after the other; null for values that cannot be read. */
type Weights = readonly number[] | null;

/** How likely it is that the text entails the sentence, by pair. */
function entailments(values: readonly string[], index: number): Weights {
  const probs = values.map((value) => readLabelled(value)?.probs[index] ?? null);
  return probs.every((prob) => prob !== null) ? probs : null;
}

function likenesses(values: readonly string[], texts: number, temperature: number): Weights {
  const vectors = values.map(floatsOf);
  const sentences = vectors.slice(texts);
  return vectors.slice(0, texts).flatMap((text) => softmax(sentences.map((sentence) => cosine(text, sentence) / temperature)));
}

function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  return logits.map((logit) => Math.exp(logit - most));
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [product, ofA, ofB] = [0, 0, 0];
  a.forEach((value, i) => {
    const other = b[i] ?? 0;
    product += value * other;
    ofA += value * value;
    ofB += other * other;
  });
  return ofA === 0 || ofB === 0 ? 0 : product / Math.sqrt(ofA * ofB);
}

function written({ texts, labels }: LabelAsk, weights: Weights): readonly string[] | null {
  if (weights === null) return null;
  return texts.map((_, i) => {
    const own = weights.slice(i * labels.length, (i + 1) * labels.length);
    // By the weights: shares of two that hardly differ may be the same number.
    const label = labels[own.indexOf(Math.max(...own))];
    const probs = shares(own);
    return JSON.stringify({ label, labels, probs, num_classes: labels.length });
  });
}

/** Where nothing weighs anything, all are alike. */
function shares(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (sum > 0 ? weight / sum : 1 / weights.length));
}
