/** Puts a text on the clipboard, and says that it is there. */
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../frame/icon.tsx';

interface CopyButtonProps {
  readonly text: string;
  readonly label: string;
  /** `Copy` unless it says otherwise. */
  readonly word?: string;
}

export function CopyButton({ text, label, word = 'Copy' }: CopyButtonProps) {
  const [isDone, setIsDone] = useState(false);
  useEffect(() => {
    if (!isDone) return undefined;
    const timer = setTimeout(() => setIsDone(false), 2000);
    return () => clearTimeout(timer);
  }, [isDone]);
  return (
    <button
      type="button"
      class="button is-bare"
      aria-label={label}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setIsDone(true))}
    >
      <Icon name={isDone ? 'check' : 'copy'} />
      <span aria-live="polite">{isDone ? 'Copied' : word}</span>
    </button>
  );
}
