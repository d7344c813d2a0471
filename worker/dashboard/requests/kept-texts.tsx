/** Prompt and answer, of keys whose records say that they are kept. Text, whatever is in it. */
import type { RequestDetail } from '../../../shared/observed.ts';

export function KeptTexts({ request: { prompt, answer } }: { readonly request: RequestDetail }) {
  return (
    <>
      {[['Prompt', prompt] as const, ['Answer', answer] as const].map(
        ([title, text]) =>
          // Records of an earlier version have neither.
          typeof text === 'string' && (
            <section key={title} class="detail">
              <h3>{title}</h3>
              <pre class="kept-text">{text}</pre>
            </section>
          ),
      )}
    </>
  );
}
