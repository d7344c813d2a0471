/** A field whose value counts when it is entered. What is being typed is the field's own, so that a page that repaints does not take it away. */
import { useEffect, useState } from 'preact/hooks';

interface EnteredInputProps {
  /** What counts now. */
  readonly value: string;
  readonly type?: 'text' | 'datetime-local';
  readonly inputMode?: 'text' | 'decimal';
  readonly placeholder?: string;
  onEnter(value: string): void;
}

export function EnteredInput({ value, type = 'text', inputMode = 'text', placeholder = '', onEnter }: EnteredInputProps) {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  const field = {
    class: 'input is-small',
    autocomplete: 'off',
    value: draft,
    onInput: (event: { currentTarget: HTMLInputElement }) => setDraft(event.currentTarget.value),
    onChange: (event: { currentTarget: HTMLInputElement }) => onEnter(event.currentTarget.value),
  };
  if (type === 'datetime-local') return <input type="datetime-local" {...field} />;
  return <input type="text" inputMode={inputMode} spellcheck={false} placeholder={placeholder} {...field} />;
}
