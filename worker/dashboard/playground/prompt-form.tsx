/** Everything that goes into a request. */
import { ExtendedFields } from './extended-fields.tsx';
import type { FormState, Mistakes } from './form-state.ts';
import { ModelField } from './model-field.tsx';
import type { ModelList } from './models.ts';
import { TextField } from './text-field.tsx';

interface PromptFormProps {
  readonly form: FormState;
  readonly models: ModelList;
  readonly mistakes: Mistakes;
  readonly isRunning: boolean;
  onChange(part: Partial<FormState>): void;
  onRun(): void;
  onStop(): void;
}

export function PromptForm({ form, models, mistakes, isRunning, onChange, onRun, onStop }: PromptFormProps) {
  return (
    <form
      class="panel prompt"
      onSubmit={(event) => {
        event.preventDefault();
        onRun();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !isRunning) onRun();
      }}
    >
      <div class="pair">
        <ModelField label="Model" models={models} value={form.model} onChange={(model) => onChange({ model })} />
        <ModelField
          label="Beside it"
          models={models}
          value={form.beside}
          none="nothing"
          onChange={(beside) => onChange({ beside })}
        />
      </div>
      <TextField
        label="Prompt"
        rows={7}
        value={form.prompt}
        placeholder="Ask something. Ctrl + Enter sends it."
        mistake={mistakes.prompt}
        onChange={(prompt) => onChange({ prompt })}
      />
      <TextField
        label="System prompt"
        rows={2}
        value={form.system}
        mistake={undefined}
        onChange={(system) => onChange({ system })}
      />
      <ExtendedFields form={form} mistakes={mistakes} onChange={onChange} />
      <div class="row">
        <button type="submit" class="button is-main" disabled={isRunning}>
          Run
        </button>
        <button type="button" class="button" disabled={!isRunning} onClick={onStop}>
          Stop
        </button>
      </div>
    </form>
  );
}
