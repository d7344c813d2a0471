/** Asks the gateway that served the page, with the reader's credential, and says what went wrong in words that help. */
import { throughAccess } from './session.ts';

/** `refused`: the credential is not good for this. `offline`: no answer came. `failed`: an error came. */
export type ProblemKind = 'refused' | 'offline' | 'failed';

export class ApiProblem extends Error {
  readonly kind: ProblemKind;
  readonly code: string | null;

  constructor(kind: ProblemKind, message: string, code: string | null = null) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}

export interface Api {
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** The answer as it comes, good or bad, for who reads streams. Throws when none comes. */
  send(path: string, init: RequestInit): Promise<Response>;
}

export function createApi(credential: string): Api {
  const headers: Record<string, string> = credential === throughAccess ? {} : { authorization: `Bearer ${credential}` };
  const send: Api['send'] = async (path, init) => {
    try {
      return await fetch(path, { cache: 'no-store', ...init, headers: { ...headers, ...plainHeaders(init.headers) } });
    } catch (error) {
      if (init.signal?.aborted === true) throw error;
      throw new ApiProblem('offline', 'The gateway does not answer. Is it running, and is this machine online?');
    }
  };
  const read = async <T>(path: string, init: RequestInit): Promise<T> => {
    const response = await send(path, init);
    if (!response.ok) throw await problemOf(response);
    try {
      return await response.json();
    } catch (error) {
      if (init.signal?.aborted === true) throw error;
      throw new ApiProblem('failed', `What ${path} answered is no JSON. Does something stand between this page and the gateway?`);
    }
  };
  return {
    send,
    get: (path, signal) => read(path, signal === undefined ? {} : { signal }),
    post: (path, body) =>
      read(path, {
        method: 'POST',
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      }),
  };
}

/** The gateway's own words where it has some. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => '');
  const { message, code } = errorIn(text);
  const kind = response.status === 401 || response.status === 403 ? 'refused' : 'failed';
  return new ApiProblem(kind, message ?? `The gateway answered with status ${response.status}.`, code);
}

function errorIn(text: string): { readonly message: string | null; readonly code: string | null } {
  try {
    const { error } = JSON.parse(text);
    return { message: String(error.message), code: typeof error.code === 'string' ? error.code : null };
  } catch {
    return { message: null, code: null };
  }
}

function plainHeaders(headers: HeadersInit | undefined): Record<string, string> {
  return Object.fromEntries(new Headers(headers));
}
