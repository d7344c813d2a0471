/** What the reader wrote into the playground's form, and the request body that it comes to. */

export interface FormState {
  readonly model: string;
  /** The model that answers the same beside it; empty for none. */
  readonly beside: string;
  readonly prompt: string;
  readonly system: string;
  /** JSON, as it was typed. */
  readonly tools: string;
  readonly schema: string;
  /** A data URL; empty for none. */
  readonly image: string;
  readonly maxTokens: string;
  readonly temperature: string;
}

export const emptyForm: FormState = {
  model: 'auto',
  beside: '',
  prompt: '',
  system: '',
  tools: '',
  schema: '',
  image: '',
  maxTokens: '',
  temperature: '',
};

export type Mistakes = Readonly<Partial<Record<keyof FormState, string>>>;

export interface Body {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly [field: string]: unknown;
}

/** The body for one model, or what is wrong with the form, by field. */
export function bodyOf(form: FormState, model: string): { readonly body: Body | null; readonly mistakes: Mistakes } {
  const tools = readJson(form.tools, 'a list of tools: [{"type":"function","function":{"name":…}}]', Array.isArray);
  const schema = readJson(form.schema, 'a JSON schema: {"type":"object",…}', isPlainObject);
  const maxTokens = readNumber(form.maxTokens, 1, Number.MAX_SAFE_INTEGER, true);
  const temperature = readNumber(form.temperature, 0, 2, false);
  const found: [keyof FormState, string | null][] = [
    ['prompt', form.prompt.trim() === '' ? 'Write something to answer.' : null],
    ['tools', tools.mistake],
    ['schema', schema.mistake],
    ['maxTokens', maxTokens.mistake],
    ['temperature', temperature.mistake],
  ];
  const mistakes = Object.fromEntries(found.filter(([, mistake]) => mistake !== null));
  if (Object.keys(mistakes).length > 0) return { body: null, mistakes };
  const ask =
    form.image === ''
      ? form.prompt
      : [
          { type: 'text', text: form.prompt },
          { type: 'image_url', image_url: { url: form.image } },
        ];
  return {
    mistakes,
    body: {
      model,
      messages: [
        ...(form.system.trim() === '' ? [] : [{ role: 'system', content: form.system }]),
        { role: 'user', content: ask },
      ],
      ...(tools.value === null ? {} : { tools: tools.value }),
      ...(schema.value === null
        ? {}
        : { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: schema.value } } }),
      ...(maxTokens.value === null ? {} : { max_tokens: maxTokens.value }),
      ...(temperature.value === null ? {} : { temperature: temperature.value }),
    },
  };
}

interface FieldValue<T> {
  readonly value: T | null;
  readonly mistake: string | null;
}

function readJson(text: string, expected: string, isRight: (value: unknown) => boolean): FieldValue<unknown> {
  if (text.trim() === '') return { value: null, mistake: null };
  try {
    const value: unknown = JSON.parse(text);
    return isRight(value) ? { value, mistake: null } : { value: null, mistake: `Expected ${expected}.` };
  } catch (error) {
    return { value: null, mistake: `No JSON: ${error instanceof Error ? error.message : String(error)}.` };
  }
}

function readNumber(text: string, min: number, max: number, isWhole: boolean): FieldValue<number> {
  if (text.trim() === '') return { value: null, mistake: null };
  const value = Number(text);
  const isGood = value >= min && value <= max && (!isWhole || Number.isInteger(value));
  const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
  return isGood ? { value, mistake: null } : { value: null, mistake: `Expected a ${isWhole ? 'whole ' : ''}number ${range}.` };
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
