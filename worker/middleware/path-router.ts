/**
 * Finds what answers a path. Whole paths are looked up, and those with a parameter are tried one after the other; a path that is one as a
 * whole is never taken for the parameter of another. Hono's own routers either need a regular expression over all paths, which was a third of
 * an isolate's CPU until its first answer (`perf`, 60 paths), or match a path with a slash at its end as if it had none.
 */
import type { Params, Result, Router } from 'hono/router';

interface Route<Handler> {
  readonly method: string;
  readonly path: string;
  readonly handler: Handler;
  /** Null for a whole path. */
  readonly pattern: RegExp | null;
}

/** Understands `/a/b`, `/a/:name` for one piece without a slash, and `/a/*` for anything behind it. Handlers come in the order they were added. */
export class PathRouter<Handler> implements Router<Handler> {
  readonly name = 'PathRouter';
  readonly #routes: Route<Handler>[] = [];
  /** What was found for each whole path by method, of which the platform knows a few dozen. */
  readonly #found = new Map<string, Map<string, Result<Handler>>>();

  add(method: string, path: string, handler: Handler): void {
    const pattern = patternOf(path);
    this.#routes.push({ method, path, handler, pattern });
    if (pattern === null) this.#found.set(path, new Map());
    else for (const found of this.#found.values()) found.clear();
  }

  match(method: string, path: string): Result<Handler> {
    const known = this.#found.get(path);
    const found = known?.get(method);
    if (found !== undefined) return found;
    const isWhole = known !== undefined;
    const steps = this.#routes.flatMap((route): [Handler, Params][] => {
      if (route.method !== method && route.method !== 'ALL') return [];
      const params = paramsOf(route, path, isWhole);
      return params === null ? [] : [[route.handler, params]];
    });
    known?.set(method, [steps]);
    return [steps];
  }
}

const nothing: Params = {};

function paramsOf<Handler>({ path: own, pattern }: Route<Handler>, path: string, isWhole: boolean): Params | null {
  if (pattern === null) return own === path ? nothing : null;
  if (isWhole && own.includes(':')) return null;
  const match = pattern.exec(path);
  return match === null ? null : { ...match.groups };
}

function patternOf(path: string): RegExp | null {
  if (!/[:*]/.test(path)) return null;
  const source = path
    .replaceAll('.', '\\.')
    .replace(/:(\w+)/g, '(?<$1>[^/]+)')
    .replace('*', '.*');
  return new RegExp(`^${source}$`, 's');
}
