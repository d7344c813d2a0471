/** Finds a deployment's own secrets in a text by their value, also as they are written in URLs, JSON, HTML and base64. */

/** Returns the text with secrets replaced. */
export type HideSecrets = (text: string) => string;

/** For deployments and tests without secrets. */
export const asItIs: HideSecrets = (text) => text;

/** Shorter values are often words (many configure the key "EMPTY" for a server that needs none): hiding them would garble ordinary text. */
const minLength = 8;

/** Costs one pass over the text, whatever the number of secrets. The case of letters does not matter. */
export function secretHider(secrets: readonly string[]): HideSecrets {
  const known = secrets.filter((secret) => secret.length >= minLength).toSorted((a, b) => b.length - a.length);
  if (known.length === 0) return asItIs;
  const forms = [...known, ...known.flatMap(base64Forms)].map((form) => [...form].map(spellings).join(''));
  const pattern = new RegExp(forms.join('|'), 'gi');
  return (text) => text.replace(pattern, '[redacted]');
}

const htmlNames: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
/** Base64 for URLs has other signs for two values. */
const base64Twins: Readonly<Record<string, string>> = { '+': '-', '/': '_' };

/** A pattern for one character: itself, escaped by JSON or a shell, as \u002f, %2F, %252F, &#47; or &#x2f;. */
function spellings(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (/[A-Za-z0-9]/.test(character) || code > 0x7f) return literal(character);
  const hex = code.toString(16).padStart(2, '0');
  const html = htmlNames[character];
  const twin = base64Twins[character];
  const ways = [
    `\\\\{0,4}${literal(character)}`,
    `\\\\{1,4}u00${hex}`,
    `%(?:25){0,3}${hex}`,
    `&#0{0,4}${code};`,
    `&#x0{0,4}${hex};`,
    ...(html === undefined ? [] : [html]),
    ...(twin === undefined ? [] : [twin]),
  ];
  return `(?:${ways.join('|')})`;
}

function literal(character: string): string {
  return character.replace(/[$()*+./?[\\\]^{|}-]/, String.raw`\$&`);
}

/**
 * How base64 writes the value wherever it stands in what was encoded ("user:secret"): three alignments, each without the first and last
 * characters that depend on the neighbours.
 */
function base64Forms(value: string): string[] {
  const bytes = [...new TextEncoder().encode(value)].map((byte) => String.fromCharCode(byte)).join('');
  return [0, 2, 3].map((dropped, offset) => {
    const encoded = btoa('\0'.repeat(offset) + bytes).replace(/=+$/, '');
    const endsWithin = (offset + bytes.length) % 3 !== 0;
    return encoded.slice(dropped, endsWithin ? -1 : undefined);
  });
}
