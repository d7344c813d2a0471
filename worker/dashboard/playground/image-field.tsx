/** A picture that goes with the prompt. It is read here and sent with the request, nowhere else. */
import { useId, useState } from 'preact/hooks';

interface ImageFieldProps {
  /** A data URL; empty for none. */
  readonly value: string;
  onChange(value: string): void;
}

/** Bodies may have 4 MB, and base64 takes a third more than the picture. */
const maxBytes = 2_800_000;

export function ImageField({ value, onChange }: ImageFieldProps) {
  const [mistake, setMistake] = useState<string | null>(null);
  const id = useId();
  const read = (file: File): void => {
    if (file.size > maxBytes) {
      setMistake(`The picture has ${(file.size / 1_000_000).toFixed(1)} MB; at most 2.8 fit into a request.`);
      return;
    }
    setMistake(null);
    const reader = new FileReader();
    reader.addEventListener('load', () => onChange(String(reader.result)));
    reader.readAsDataURL(file);
  };
  return (
    <div class="field">
      <label for={id}>Picture</label>
      <input
        id={id}
        type="file"
        accept="image/png,image/jpeg,image/webp,image/gif"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file !== undefined) read(file);
        }}
      />
      {value !== '' && (
        <div class="picture">
          <img src={value} alt="What goes with the prompt" />
          <button type="button" class="button is-bare" onClick={() => onChange('')}>
            Remove
          </button>
        </div>
      )}
      {mistake !== null && <p class="bad small">{mistake}</p>}
    </div>
  );
}
