/** A named field over several lines, with what is wrong with it. */
import { useId } from 'preact/hooks';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly rows: number;
  readonly placeholder?: string;
  readonly isCode?: boolean;
  readonly mistake: string | undefined;
  onChange(value: string): void;
}

export function TextField({ label, value, rows, placeholder = '', isCode = false, mistake, onChange }: TextFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        class={isCode ? 'input mono' : 'input'}
        rows={rows}
        placeholder={placeholder}
        spellcheck={!isCode}
        value={value}
        aria-invalid={mistake !== undefined}
        aria-describedby={mistake === undefined ? undefined : `${id}-mistake`}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {mistake !== undefined && (
        <p id={`${id}-mistake`} class="bad small">
          {mistake}
        </p>
      )}
    </div>
  );
}
