/** What went wrong, told at once to who cannot see it. */
export function Problem({ text }: { readonly text: string | null }) {
  if (text === null) return null;
  return (
    <p class="bad" role="alert">
      {text}
    </p>
  );
}
