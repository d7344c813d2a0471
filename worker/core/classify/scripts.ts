/** Character classes and writing systems of UTF-16 code units: what counts as part of a word, and which scripts run words together. */

export const scriptIds = ['latin', 'cyrillic', 'greek', 'arabic', 'hebrew', 'indic', 'han', 'kana', 'hangul', 'thai'] as const;
export type Script = (typeof scriptIds)[number];

/** Class of a code unit: 0 neither letter nor digit, 1 digit, 2 + index into `scriptIds` for letters. */
export const NOT_WORD = 0;
export const DIGIT = 1;
const LETTER = 2;

const ascii = new Uint8Array(128);
for (let code = 48; code <= 57; code += 1) ascii[code] = DIGIT;
for (let code = 65; code <= 90; code += 1) ascii[code] = LETTER;
for (let code = 97; code <= 122; code += 1) ascii[code] = LETTER;
ascii[95] = LETTER;

/** What a model's vocabulary tells apart within a script: the letters that most texts have, and those of fewer languages. */
export const paceIds = [
  'accented',
  'vietnamese',
  'combining',
  'greek',
  'cyrillic',
  'rareCyrillic',
  'hebrew',
  'arabic',
  'rareArabic',
  'devanagari',
  'northIndic',
  'southIndic',
  'thai',
  'otherThai',
  'hangul',
  'han',
  'kana',
] as const;
export type Pace = (typeof paceIds)[number];

/** First unit, last unit, class, pace; in ascending order. Ranges are whole blocks: a stray sign inside one counts as a letter. */
const blocks: readonly (readonly [number, number, Script, Pace])[] = [
  [0xc0, 0x24f, 'latin', 'accented'],
  [0x250, 0x2ff, 'latin', 'accented'],
  [0x300, 0x36f, 'latin', 'combining'], // put together with their letters before they are counted
  [0x370, 0x3ff, 'greek', 'greek'],
  [0x400, 0x40f, 'cyrillic', 'rareCyrillic'],
  [0x410, 0x44f, 'cyrillic', 'cyrillic'],
  [0x450, 0x52f, 'cyrillic', 'rareCyrillic'],
  [0x590, 0x5ff, 'hebrew', 'hebrew'],
  [0x600, 0x66f, 'arabic', 'arabic'],
  [0x670, 0x77f, 'arabic', 'rareArabic'],
  [0x900, 0x97f, 'indic', 'devanagari'],
  [0x980, 0xb7f, 'indic', 'northIndic'],
  [0xb80, 0xdff, 'indic', 'southIndic'],
  [0xe00, 0xe7f, 'thai', 'thai'],
  [0xe80, 0xeff, 'thai', 'otherThai'],
  [0x1000, 0x109f, 'thai', 'otherThai'],
  [0x1100, 0x11ff, 'hangul', 'hangul'],
  [0x1780, 0x17ff, 'thai', 'otherThai'],
  [0x1e00, 0x1eff, 'latin', 'vietnamese'],
  [0x1f00, 0x1fff, 'greek', 'greek'],
  [0x3005, 0x3007, 'han', 'han'],
  [0x3040, 0x30ff, 'kana', 'kana'],
  [0x3130, 0x318f, 'hangul', 'hangul'],
  [0x3400, 0x4dbf, 'han', 'han'],
  [0x4e00, 0x9fff, 'han', 'han'],
  [0xac00, 0xd7a3, 'hangul', 'hangul'],
  [0xd840, 0xd87f, 'han', 'han'], // high surrogates of the Han extensions; their low halves count as no letter
  [0xf900, 0xfaff, 'han', 'han'],
  [0xfb50, 0xfdff, 'arabic', 'rareArabic'],
  [0xfe70, 0xfeff, 'arabic', 'rareArabic'],
  [0xff21, 0xff5a, 'latin', 'accented'],
];

/** Class of one code unit: a table for ASCII, which is small enough to be inlined where it is called. */
export function classOf(code: number): number {
  return code < 128 ? (ascii[code] ?? NOT_WORD) : classBeyondAscii(code);
}

function classBeyondAscii(code: number): number {
  return classOfBlock(blockOf(code));
}

/** No block. */
export const NO_BLOCK = -1;

/** Number of the block that a unit beyond ASCII is a letter of. */
export function blockOf(code: number): number {
  if (code === 0xaa || code === 0xb5 || code === 0xba) return 0;
  if (code < 0xc0 || code === 0xd7 || code === 0xf7 || code === 0x60c || code === 0x61b || code === 0x61f) return NO_BLOCK;
  if (code === 0x964 || code === 0x965 || code === 0x30fb) return NO_BLOCK;
  let low = 0;
  let high = blocks.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const block = blocks[middle];
    if (block === undefined) return NO_BLOCK;
    if (code < block[0]) high = middle - 1;
    else if (code > block[1]) low = middle + 1;
    else return middle;
  }
  return NO_BLOCK;
}

export const blockCount = blocks.length;

const classes = Uint8Array.from(blocks, ([, , script]) => LETTER + scriptIds.indexOf(script));

export function classOfBlock(block: number): number {
  return classes[block] ?? NOT_WORD;
}

/** By the number of its block. */
export const paceOfBlock: readonly Pace[] = blocks.map(([, , , pace]) => pace);

export function scriptOf(charClass: number): Script | null {
  return charClass < LETTER ? null : (scriptIds[charClass - LETTER] ?? null);
}

/** First class whose characters are each a token of their own: these scripts write without spaces, or glue endings to words. */
export const firstUnspacedClass = LETTER + scriptIds.indexOf('han');

/** Characters per word where no space tells; Hangul has spaces, but its tokens here are syllables. Rough averages of running text. */
export const charsPerWord = { han: 1.7, kana: 2.4, hangul: 2.6, thai: 4.5 } as const;
