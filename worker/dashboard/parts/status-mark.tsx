/** A state in words, with a mark whose shape tells it apart as well as its colour. */
export type Tone = 'good' | 'warn' | 'bad' | 'plain';

export function StatusMark({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return <span class={tone === 'plain' ? 'mark' : `mark is-${tone}`}>{children}</span>;
}
