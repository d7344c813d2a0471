/** Opens a request by the id that a client was told. */
import { useState } from 'preact/hooks';

export function FindRequest({ onFind }: { onFind(id: string): void }) {
  const [id, setId] = useState('');
  return (
    <form
      class="find"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (id.trim() !== '') onFind(id.trim());
      }}
    >
      <input
        class="input is-small"
        type="search"
        aria-label="Request id"
        placeholder="Request id"
        autocomplete="off"
        spellcheck={false}
        value={id}
        onInput={(event) => setId(event.currentTarget.value)}
      />
    </form>
  );
}
