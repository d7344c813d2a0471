/** A named field for a number that may be left out. */
import { useId } from 'preact/hooks';

interface NumberFieldProps {
  readonly label: string;
  readonly value: string;
  readonly mistake: string | undefined;
  onChange(value: string): void;
}

export function NumberField({ label, value, mistake, onChange }: NumberFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="input"
        inputMode="decimal"
        autocomplete="off"
        placeholder="as the model has it"
        value={value}
        aria-invalid={mistake !== undefined}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {mistake !== undefined && <p class="bad small">{mistake}</p>}
    </div>
  );
}
