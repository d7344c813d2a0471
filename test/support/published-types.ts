/**
 * JSON Schemas from the published types of an installed client: the declarations are generated from the API's OpenAPI document, and use a
 * small part of the language (interfaces, unions of names and literals, lists, maps), which this reads. Whatever else it meets is an error.
 */
import { readFileSync } from 'node:fs';

type Schema = Readonly<Record<string, unknown>>;

interface Declared {
  /** The namespace that names in it are looked up in first. */
  readonly within: string;
  readonly file: string;
  readonly tokens: readonly string[];
}

export interface PublishedTypes {
  /** A schema for the type, with everything that it refers to in `$defs`. */
  schemaOf(name: string): Schema;
  /** The names of a union. */
  membersOf(name: string): readonly string[];
}

/** @param files by the prefix that their names have elsewhere; '' for the one whose names are bare */
export function readPublishedTypes(
  files: Readonly<Record<string, string>>,
  more: Readonly<Record<string, readonly string[]>> = {},
): PublishedTypes {
  const declared = new Map<string, Declared>();
  for (const [prefix, path] of Object.entries(files)) declareAll(declared, prefix, tokensOf(readFileSync(path, 'utf8')));
  const defs: Record<string, Schema> = {};
  const resolve = (written: string, from: Declared): string => {
    // A file calls itself by another name.
    const name = written.replace(/^ResponsesAPI\./, '');
    for (let scope = from.within; ; scope = scope.slice(0, Math.max(0, scope.lastIndexOf('.')))) {
      const full = scope === '' ? name : `${scope}.${name}`;
      if (declared.has(full)) return full;
      if (scope === '') break;
    }
    throw new Error(`no type ${name} within ${from.within}`);
  };
  const define = (full: string): Schema => {
    const ref = { $ref: `#/$defs/${full}` };
    if (Object.hasOwn(defs, full)) return ref;
    defs[full] = {};
    const from = declared.get(full);
    if (from === undefined) throw new Error(`no type ${full}`);
    defs[full] = new TypeReader(from.tokens, (name) => define(resolve(name, from)), more[full] ?? []).read();
    return ref;
  };
  return {
    schemaOf(name) {
      const ref = define(name);
      return { ...ref, $defs: defs };
    },
    membersOf: (name) => (declared.get(name)?.tokens ?? []).filter((token) => /^[A-Z]\w*$/.test(token)),
  };
}

function tokensOf(text: string): string[] {
  const bare = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/[^\n]*/g, '');
  return bare.match(/'[^']*'|"[^"]*"|[A-Za-z_$][\w$.]*|\d+|[{}[\]<>():;,|?=&*-]/g) ?? [];
}

function declareAll(declared: Map<string, Declared>, file: string, tokens: readonly string[]): void {
  const spaces: string[] = file === '' ? [] : [file];
  for (let at = 0; at < tokens.length; at += 1) {
    const [word, name, next] = tokens.slice(at, at + 3);
    if (word === 'namespace' && name !== undefined) {
      spaces.push(name);
      at += 2;
    } else if (word === '}' && spaces.length > (file === '' ? 0 : 1)) spaces.pop();
    else if (
      (word === 'interface' || word === 'type') &&
      name !== undefined &&
      (next === '{' || next === '=' || next === 'extends')
    ) {
      const isType = word === 'type';
      const end = isType ? endOf(tokens, at, ';') : endOfBlock(tokens, tokens.indexOf('{', at));
      const within = spaces.slice(file === '' ? 0 : 1);
      const full = [...spaces, name].join('.');
      const body = tokens.slice(at + 2 + (isType ? 1 : 0), isType ? end : end + 1);
      declared.set(full, { within: [...(file === '' ? [] : [file]), ...within, name].join('.'), file, tokens: body });
      at = end;
    } else if (word === 'class' && name !== undefined) at = endOfBlock(tokens, tokens.indexOf('{', at));
    else if (word === 'export' && name === '{') at = endOfBlock(tokens, at + 1);
    else if (word === 'import') at = endOf(tokens, at, ';');
  }
}

function endOf(tokens: readonly string[], from: number, mark: string): number {
  for (let at = from, depth = 0; at < tokens.length; at += 1) {
    if (tokens[at] === '{') depth += 1;
    else if (tokens[at] === '}') depth -= 1;
    else if (depth === 0 && tokens[at] === mark) return at;
  }
  throw new Error('a declaration without an end');
}

function endOfBlock(tokens: readonly string[], open: number): number {
  for (let at = open, depth = 0; at < tokens.length; at += 1) {
    if (tokens[at] === '{') depth += 1;
    else if (tokens[at] === '}' && (depth -= 1) === 0) return at;
  }
  throw new Error('a block without an end');
}

class TypeReader {
  #at = 0;

  readonly #tokens: readonly string[];
  readonly #named: (name: string) => Schema;
  readonly #more: readonly string[];

  constructor(tokens: readonly string[], named: (name: string) => Schema, more: readonly string[]) {
    this.#tokens = tokens;
    this.#named = named;
    this.#more = more;
  }

  read(): Schema {
    if (this.#tokens[0] !== 'extends') return this.#union();
    this.#at = 1;
    const bases = [this.#named(this.#take())];
    return { allOf: [...bases.map((base) => ({ ...base })), { ...this.#object(), additionalProperties: true }] };
  }

  #take(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Error(`the type ends early: ${this.#tokens.join(' ')}`);
    this.#at += 1;
    return token;
  }

  #is(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #union(): Schema {
    this.#is('|');
    const members = [this.#list()];
    while (this.#is('|')) members.push(this.#list());
    if (members.every((member) => typeof member['const'] === 'string')) return { enum: members.map((member) => member['const']) };
    const [only] = members;
    return members.length === 1 && only !== undefined ? only : { anyOf: members };
  }

  #list(): Schema {
    let item = this.#one();
    while (this.#is('[')) {
      this.#take();
      item = { type: 'array', items: item };
    }
    // `string & {}` is any string.
    while (this.#is('&')) this.#one();
    return item;
  }

  #one(): Schema {
    const token = this.#take();
    if (token === '{') {
      this.#at -= 1;
      return this.#object();
    }
    if (token === '(') {
      const inner = this.#union();
      this.#take();
      return inner;
    }
    if (/^['"]/.test(token)) return { const: token.slice(1, -1) };
    if (token === 'string' || token === 'number' || token === 'boolean' || token === 'null') return { type: token };
    if (token === 'true' || token === 'false') return { const: token === 'true' };
    if (token === 'unknown' || token === 'any') return {};
    if (token === 'Array') {
      this.#take();
      const items = this.#union();
      this.#take();
      return { type: 'array', items };
    }
    if (token === 'Record') {
      this.#take();
      this.#union();
      this.#take();
      const values = this.#union();
      this.#take();
      return { type: 'object', additionalProperties: values };
    }
    return this.#named(token);
  }

  #object(): Schema {
    this.#take();
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    let others: Schema | false = false;
    while (!this.#is('}')) {
      this.#is('readonly');
      if (this.#is('[')) {
        while (!this.#is(']')) this.#take();
        this.#take();
        others = this.#union();
      } else {
        const name = this.#take().replaceAll(/^['"]|['"]$/g, '');
        const isOptional = this.#is('?');
        if (this.#take() !== ':') throw new Error(`no type for ${name}`);
        properties[name] = this.#union();
        if (!isOptional) required.push(name);
      }
      this.#is(';');
    }
    for (const name of this.#more) properties[name] = {};
    return { type: 'object', properties, required, additionalProperties: others };
  }
}
