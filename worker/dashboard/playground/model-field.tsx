/** Which model answers: by the gateway's choice, or by name. */
import { useId } from 'preact/hooks';
import { chatNames, type ModelList } from './models.ts';

interface ModelFieldProps {
  readonly label: string;
  readonly models: ModelList;
  readonly value: string;
  /** What stands for no model at all; without it there must be one. */
  readonly none?: string;
  onChange(value: string): void;
}

export function ModelField({ label, models, value, none, onChange }: ModelFieldProps) {
  const id = useId();
  const { routed, models: named } = chatNames(models);
  const list = (names: readonly string[]) =>
    names.map((name) => (
      <option key={name} value={name}>
        {name}
      </option>
    ));
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} class="input" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {none !== undefined && <option value="">{none}</option>}
        <optgroup label="The gateway chooses">{list(routed)}</optgroup>
        <optgroup label="This model">{list(named)}</optgroup>
      </select>
    </div>
  );
}
