/** Drops repeated sentences. */

/** Sentences shorter than this may repeat: answer options do. */
const minRepeatChars = 12;

/** The text without repeated sentences: repeating a demand does not make it harder. */
export function dropRepeats(text: string): string {
  if (!mayRepeat(text)) return text;
  const said = new Set<string>();
  let kept = '';
  for (let from = 0; from < text.length;) {
    const end = sentenceEnd(text, from);
    const sentence = text.slice(from, end);
    from = end;
    const key = sentence.trim().toLowerCase();
    if (key.length >= minRepeatChars && said.has(key)) continue;
    said.add(key);
    kept += sentence;
  }
  return kept.length === text.length ? text : kept.trim();
}

/** Index behind the sentence that begins at `from`. */
function sentenceEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === 46 || sign === 33 || sign === 63 || sign === 10 || sign === 0x3002) return at + 1;
  }
  return text.length;
}

/**
 * False when no two sentences can be the same, judged by their length and three of their characters, which is cheaper than comparing
 * them. White space and letters beyond ASCII are not looked into, so such sentences always may repeat.
 */
function mayRepeat(text: string): boolean {
  const seen = new Set<number>();
  for (let from = 0; from < text.length;) {
    const end = sentenceEnd(text, from);
    let [first, last] = [from, end - 1];
    from = end;
    while (first < last && text.charCodeAt(first) <= 32) first += 1;
    while (first < last && text.charCodeAt(last) <= 32) last -= 1;
    const length = last + 1 - first;
    if (length < minRepeatChars) continue;
    const [a, b, c] = [text.charCodeAt(first), text.charCodeAt(first + (length >> 1)), text.charCodeAt(last - 1)];
    if ((a | b | c | text.charCodeAt(last)) >= 128) return true;
    // Upper and lower case differ in one bit, which the masks drop.
    const key = ((length & 0x3ff) << 20) | ((a & 31) << 10) | ((b & 31) << 5) | (c & 31);
    if (seen.has(key)) return true;
    seen.add(key);
  }
  return false;
}
