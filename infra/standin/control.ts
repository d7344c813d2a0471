/** How a test controls a running model server: its switches, and the surface that offers them over HTTP on a separate port. */
import * as z from 'zod';
import type { FaultBook } from './fault-book.ts';
import { listen, readBody, reply } from './http.ts';
import { tryParse } from './json.ts';
import type { RequestLog } from './request-log.ts';

/** All keys are optional; one that is left out keeps its value. */
export const ControlBody = z.strictObject({
  /** false: /health answers 503 and every chat 500. */
  healthy: z.boolean().optional(),
  /** false: the model is gone from /v1/models and every chat is 404. */
  modelLoaded: z.boolean().optional(),
  /** true: the engine hangs with work running; every page still answers. false: it goes on. */
  wedged: z.boolean().optional(),
  /** true: the listener is closed and open connections are cut. */
  down: z.boolean().optional(),
  /** `name;key=value`, or a list of them; null clears. */
  fault: z.union([z.string(), z.array(z.string()), z.null()]).optional(),
  /** How many requests the fault is for; all when left out. */
  requests: z.int().min(1).optional(),
});

export type ControlBody = z.input<typeof ControlBody>;

export interface ControlState {
  readonly isHealthy: boolean;
  readonly isModelLoaded: boolean;
  readonly isDown: boolean;
  readonly isWedged: boolean;
}

export interface ServerControls {
  set(body: ControlBody): Promise<void>;
  state(): ControlState;
  /** Refuses connections for so many milliseconds. */
  closeFor(ms: number): void;
  /** The engine hangs for so many milliseconds. */
  wedgeFor(ms: number): void;
}

export interface Switches {
  setDown(isDown: boolean): Promise<void>;
  setWedged(isWedged: boolean): void;
}

export function serverControls(faults: FaultBook, { setDown, setWedged }: Switches): ServerControls {
  let state: ControlState = { isHealthy: true, isModelLoaded: true, isDown: false, isWedged: false };
  const wedge = (isWedged: boolean): void => {
    state = { ...state, isWedged };
    setWedged(isWedged);
  };
  let isDownByFault = false;
  return {
    async set({ healthy, modelLoaded, wedged, down, fault, requests }) {
      if (wedged !== undefined) wedge(wedged);
      state = {
        ...state,
        isHealthy: healthy ?? state.isHealthy,
        isModelLoaded: modelLoaded ?? state.isModelLoaded,
        isDown: down ?? state.isDown,
      };
      if (fault !== undefined) faults.setDefaults(fault === null ? [] : [fault].flat(), requests ?? null);
      if (down === undefined) return;
      isDownByFault = false;
      await setDown(down);
    },
    state: () => state,
    wedgeFor(ms) {
      wedge(true);
      setTimeout(() => wedge(false), ms).unref();
    },
    closeFor(ms) {
      isDownByFault = true;
      state = { ...state, isDown: true };
      const reopen = async () => {
        if (!isDownByFault) return;
        isDownByFault = false;
        await setDown(false);
        state = { ...state, isDown: false };
      };
      void setDown(true);
      setTimeout(() => void reopen(), ms).unref();
    },
  };
}

export interface ControlSurface {
  readonly url: string;
  close(): Promise<void>;
}

/** GET and DELETE /__log (JSON lines with ?format=lines), GET and POST /__control. No key: loopback only, and only when asked for. */
export async function startControl(port: number, controls: ServerControls, log: RequestLog): Promise<ControlSurface> {
  return listen(port, async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const route = `${request.method} ${url.pathname}`;
    if (route === 'GET /__log' && url.searchParams.get('format') === 'lines') {
      reply(response, {
        status: 200,
        body: log
          .entries()
          .map((entry) => `${JSON.stringify(entry)}\n`)
          .join(''),
      });
    } else if (route === 'GET /__log') {
      reply(response, { status: 200, body: log.entries() });
    } else if (route === 'DELETE /__log') {
      log.clear();
      reply(response, { status: 200, body: { cleared: true } });
    } else if (route === 'GET /__control') {
      reply(response, { status: 200, body: controls.state() });
    } else if (route === 'POST /__control') {
      const parsed = ControlBody.safeParse(tryParse((await readBody(request, 1_000_000)) ?? ''));
      if (parsed.success) await controls.set(parsed.data);
      reply(
        response,
        parsed.success ? { status: 200, body: controls.state() } : { status: 400, body: { error: parsed.error.message } },
      );
    } else {
      reply(response, { status: 404, body: { error: 'GET|DELETE /__log, GET|POST /__control' } });
    }
  });
}
