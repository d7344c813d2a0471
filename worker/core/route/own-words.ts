/** Which parts of an answer the model says in its own voice: code and quotations are not evidence of its doubt. */

/** Code first, since quotation marks have other meanings in it. An unclosed quotation reaches to the end of its paragraph. */
const others: readonly RegExp[] = [
  /(```|~~~)[\s\S]*?(?:\1|$)/g,
  /`[^`\n]+(?:`|$)/g,
  /^[ \t]*>.*$/gm,
  /“[^”\n]*(?:”|$)/gm,
  /„[^“”\n]*(?:[“”]|$)/gm,
  /«[^»\n]*(?:»|$)/gm,
  /»[^«\n]*«/g,
  /「[^」\n]*(?:」|$)/gm,
  /『[^』\n]*(?:』|$)/gm,
  /(?<![\p{L}\p{N}])"[^"\n]*(?:"|$)/gmu,
  /(?<![\p{L}\p{N}])‘[^\n]*?(?:’(?!\p{L})|$)/gmu,
  /(?<![\p{L}\p{N}])'(?=\S)[^\n]*?\S'(?![\p{L}\p{N}])/gu,
];

/** The text without code and quotations (all of it when nothing else is there), and the code and quotations. */
export function splitVoices(text: string): { readonly own: string; readonly others: string } {
  let own = text;
  let taken = '';
  for (const pattern of others) {
    own = own.replace(pattern, (piece: string) => {
      taken += `${piece}\n`;
      return ' ';
    });
  }
  return { own: own.trim() === '' ? text : own, others: taken };
}
