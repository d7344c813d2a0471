/** One of a few, as a row of buttons. */
interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly options: readonly (readonly [value: T, label: string])[];
  readonly value: T;
  readonly isSmall?: boolean;
  onChange(value: NoInfer<T>): void;
}

export function Choice<T extends string>({ label, options, value, isSmall = false, onChange }: ChoiceProps<T>) {
  return (
    <div class={isSmall ? 'choice is-small' : 'choice'} role="group" aria-label={label}>
      {options.map(([option, text]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
          {text}
        </button>
      ))}
    </div>
  );
}
