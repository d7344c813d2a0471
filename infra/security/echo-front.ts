/**
 * A proxy in front of a model server that, when told to, quotes the request in its answer, as many servers and proxies do in their errors.
 * Otherwise it passes everything on.
 */
import { Agent, type IncomingMessage } from 'node:http';
import { forward } from '../standin/gate-forward.ts';
import { goneSignal, listen } from '../standin/http.ts';

export interface Quote {
  readonly status: number;
  readonly mediaType: string;
  /** @param quoted the headers of the call, and what else a server might quote */
  body(quoted: string): string;
}

export interface EchoFront {
  readonly url: string;
  /** What every chat call gets from now on; null passes them on. */
  set(quote: Quote | null): void;
  close(): Promise<void>;
}

/** @param alsoQuoted stands beside the headers */
export async function startEchoFront(target: string, alsoQuoted: string): Promise<EchoFront> {
  const agent = new Agent({ keepAlive: true });
  let quote: Quote | null = null;
  const listener = await listen(0, (request, response) => {
    if (quote !== null && request.method === 'POST') {
      request.resume();
      const body = quote.body(`${headersOf(request)} ${alsoQuoted}`);
      response.writeHead(quote.status, { 'content-type': quote.mediaType }).end(body);
      return;
    }
    const setting = { behaviour: 'pass', waitMs: 0, afterBytes: 0 } as const;
    const gone = goneSignal(response);
    void forward({ request, response, gone, agent, target, setting, dropHeaders: [], readTimeoutMs: 60_000 });
  });
  return {
    url: listener.url,
    set(next) {
      quote = next;
    },
    async close() {
      await listener.close();
      agent.destroy();
    },
  };
}

/** As a debug page shows them, and encoded for a URL and in base64. */
function headersOf({ headers }: IncomingMessage): string {
  const plain = JSON.stringify(headers);
  const values = Object.values(headers).join(' ');
  return `${plain} ${encodeURIComponent(values)} ${Buffer.from(values).toString('base64')}`;
}
