/** Bar charts as SVG, small enough to stand in a page, readable on light and on dark ground. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly text: string;
}

const [left, width, barHeight, gap] = [130, 300, 16, 6];
const colours = ['#2f6fde', '#8a94a6', '#c4cad6', '#5a9e6f'];

/** Groups of bars under a title, all to one scale. */
export function barChart(title: string, groups: readonly { readonly name: string; readonly bars: readonly Bar[] }[]): string {
  const most = Math.max(1e-9, ...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const parts: string[] = [];
  let y = 34;
  for (const { name, bars } of groups) {
    parts.push(`<text x="0" y="${y + 12}" font-weight="600">${escaped(name)}</text>`);
    y += 20;
    for (const [index, bar] of bars.entries()) {
      const length = Math.max(1, Math.round((bar.value / most) * width));
      parts.push(
        `<text x="${left - 8}" y="${y + 12}" text-anchor="end">${escaped(bar.name)}</text>`,
        `<rect x="${left}" y="${y}" width="${length}" height="${barHeight}" rx="2" fill="${colours[index % colours.length]}"/>`,
        `<text x="${left + length + 6}" y="${y + 12}">${escaped(bar.text)}</text>`,
      );
      y += barHeight + gap;
    }
    y += 8;
  }
  const [w, h] = [left + width + 90, y];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img" aria-label="${escaped(title)}">`,
    '<style>text{font:12px system-ui,sans-serif;fill:#57606a}@media(prefers-color-scheme:dark){text{fill:#aab4c0}}</style>',
    `<text x="0" y="16" font-weight="700" style="font-size:13px">${escaped(title)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
