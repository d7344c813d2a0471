/** docs/api.md as data: what it says of each path is what the OpenAPI document says of it, so that there is one text to keep right. */
import { type ErrorCode, errors } from '../../shared/errors.ts';
import { readRepoFile } from '../graph/source-files.ts';

export interface PageSection {
  /** Who may use it: a word of the table "Who may use a path". */
  readonly access: string;
  /** Markdown without its links. */
  readonly text: string;
  /** Meanings of fields, parameters and keys, by name. */
  readonly meanings: ReadonlyMap<string, string>;
  readonly codes: readonly ErrorCode[];
  readonly example: Example | null;
}

/** A command, and what it printed. */
export interface Example {
  readonly request: string;
  readonly language: string;
  readonly answer: string;
}

export interface ApiPage {
  /** By `METHOD /path`. */
  readonly sections: ReadonlyMap<string, PageSection>;
  /** Of the tables "Headers of a request" and "Headers of an answer". */
  readonly requestHeaders: ReadonlyMap<string, string>;
  readonly answerHeaders: ReadonlyMap<string, string>;
  /** Codes by the words of the table "Errors of many paths": `all paths`, `paths for keys` … */
  readonly common: ReadonlyMap<string, readonly ErrorCode[]>;
}

export function readApiPage(page = readRepoFile('docs/api.md')): ApiPage {
  const parts = page.split(/^#{2,3} /m);
  const titled = (title: string): string => parts.find((part) => part.startsWith(`${title}\n`)) ?? '';
  const texts = new Map(
    parts.flatMap((part) => {
      const [, title] = /^`([A-Z]+ \/[^`]*)`\n/.exec(part) ?? [];
      return title === undefined ? [] : [[title, part.slice(part.indexOf('\n') + 1)] as const];
    }),
  );
  const common = titled('Errors of many paths').matchAll(/^\| errors of ([a-z ]+) \| (.*) \|$/gm);
  return {
    sections: new Map([...texts].map(([title, text]) => [title, sectionOf(title, text, texts)])),
    requestHeaders: meaningsIn(titled('Headers of a request')),
    answerHeaders: meaningsIn(titled('Headers of an answer')),
    common: new Map([...common].map(([, where = '', codes = '']) => [where, codesIn(codes)])),
  };
}

function sectionOf(title: string, text: string, texts: ReadonlyMap<string, string>): PageSection {
  const [prose = ''] = text.split(/^(?:```|\||Errors: )/m);
  const plain = prose.replace(/^Access: `[a-z]+`\./m, '');
  return {
    access: /^Access: `([a-z]+)`\./m.exec(text)?.[1] ?? '',
    text: withoutLinks(plain)
      .replaceAll(/(?<!\n)\n(?!\n|- )/g, ' ')
      .trim(),
    meanings: meaningsIn(text),
    codes: [...new Set(errorsOf(title, texts, []))],
    example: exampleIn(text),
  };
}

function exampleIn(text: string): Example | null {
  const [, request, language = '', answer = ''] = /```sh\n(.*?)```\n\n```(json|text)\n(.*?)```/s.exec(text) ?? [];
  return request === undefined ? null : { request, language, answer };
}

/** Codes on the line `Errors: …`, and those of paths that it names. */
function errorsOf(title: string, texts: ReadonlyMap<string, string>, seen: readonly string[]): ErrorCode[] {
  const [, line = ''] = /^Errors: ((?:.|\n(?!\n))*)/m.exec(texts.get(title) ?? '') ?? [];
  const others = [...line.matchAll(/`([A-Z]+ \/[^`]*)`/g)].map(([, other = '']) => other);
  const unseen = others.filter((other) => other !== title && !seen.includes(other));
  return [...codesIn(line), ...unseen.flatMap((other) => errorsOf(other, texts, [...seen, title]))];
}

function codesIn(text: string): ErrorCode[] {
  const known = Object.keys(errors) as ErrorCode[];
  const named = new Set([...text.matchAll(/`([a-z_]+)`/g)].map(([, code = '']) => code));
  return known.filter((code) => named.has(code));
}

/** Rows of tables whose first cell holds names: the last cell of each. */
function meaningsIn(text: string): Map<string, string> {
  const meanings = new Map<string, string>();
  for (const [, names = '', rest = ''] of text.matchAll(/^\| (`[^|]+?) \| (.*) \|$/gm)) {
    const meaning = withoutLinks(rest.split(' | ').at(-1) ?? '');
    for (const [, name = ''] of names.matchAll(/`([^`]+)`/g)) meanings.set(name, meaning);
  }
  return meanings;
}

function withoutLinks(text: string): string {
  return text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('\\|', '|');
}

/** The first sentence, for lists; without the full stop. */
export function firstSentence(text: string): string {
  const [paragraph = ''] = text.split('\n\n');
  const [, sentence = paragraph] = /^(.*?)[.:](?:\s|$)/s.exec(paragraph) ?? [];
  return sentence.trim();
}
