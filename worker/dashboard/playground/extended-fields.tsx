/** What most prompts do without: tools, a schema, a picture, limits. Opens by itself when something in it is wrong. */
import type { FormState, Mistakes } from './form-state.ts';
import { ImageField } from './image-field.tsx';
import { NumberField } from './number-field.tsx';
import { TextField } from './text-field.tsx';

interface ExtendedFieldsProps {
  readonly form: FormState;
  readonly mistakes: Mistakes;
  onChange(part: Partial<FormState>): void;
}

const exampleTools =
  '[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]';
const exampleSchema = '{"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}';
const within = ['tools', 'schema', 'maxTokens', 'temperature'] as const;

export function ExtendedFields({ form, mistakes, onChange }: ExtendedFieldsProps) {
  return (
    <details open={within.some((field) => mistakes[field] !== undefined)}>
      <summary>Tools, schema, picture, limits</summary>
      <div class="extended">
        <TextField
          label="Tools (JSON)"
          rows={4}
          isCode
          value={form.tools}
          placeholder={exampleTools}
          mistake={mistakes.tools}
          onChange={(tools) => onChange({ tools })}
        />
        <TextField
          label="JSON schema of the answer"
          rows={4}
          isCode
          value={form.schema}
          placeholder={exampleSchema}
          mistake={mistakes.schema}
          onChange={(schema) => onChange({ schema })}
        />
        <ImageField value={form.image} onChange={(image) => onChange({ image })} />
        <div class="pair">
          <NumberField
            label="Most tokens"
            value={form.maxTokens}
            mistake={mistakes.maxTokens}
            onChange={(maxTokens) => onChange({ maxTokens })}
          />
          <NumberField
            label="Temperature"
            value={form.temperature}
            mistake={mistakes.temperature}
            onChange={(temperature) => onChange({ temperature })}
          />
        </div>
      </div>
    </details>
  );
}
