/** The JavaScript heap of a workerd process, asked of its inspector. */
import * as z from 'zod';

const Targets = z.array(z.object({ webSocketDebuggerUrl: z.string() }));
const Reply = z.object({ id: z.int().optional(), result: z.unknown().optional(), error: z.unknown().optional() });
const HeapUsage = z.object({ usedSize: z.number() });

/** Bytes in use right after a full collection. */
export function heapAfterCollection(inspectorUrl: string): Promise<number> {
  return inspected(inspectorUrl, async (call) => {
    // The second collection frees what finalizers held.
    await call('HeapProfiler.collectGarbage');
    await call('HeapProfiler.collectGarbage');
    return HeapUsage.parse(await call('Runtime.getHeapUsage')).usedSize;
  });
}

/** A function of a sample, and what it allocated itself. */
interface SampleNode {
  readonly callFrame: { readonly functionName: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly SampleNode[];
}

const SampleNode: z.ZodType<SampleNode> = z.lazy(() =>
  z.object({
    callFrame: z.object({ functionName: z.string(), lineNumber: z.int() }),
    selfSize: z.number(),
    children: z.array(SampleNode),
  }),
);
const Sample = z.object({ profile: z.object({ head: SampleNode }) });

/** What is counted: all that is allocated, or only what was still there after the collections of young objects. */
export type Counted = 'all' | 'outliving';

const samplingInterval = 4096;

/** Bytes allocated while `work` runs, by function (`name:line` of the bundle); a sample, one for some 4 KB. */
export function allocatedDuring(inspectorUrl: string, counted: Counted, work: () => Promise<void>): Promise<Map<string, number>> {
  return inspected(inspectorUrl, async (call) => {
    await call('HeapProfiler.enable');
    await call('HeapProfiler.startSampling', {
      samplingInterval,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: counted === 'all',
    });
    await work();
    const { profile } = Sample.parse(await call('HeapProfiler.stopSampling'));
    const bytes = new Map<string, number>();
    const add = ({ callFrame: { functionName, lineNumber }, selfSize, children }: SampleNode): void => {
      const name = `${functionName === '' ? '(nameless)' : functionName}:${lineNumber + 1}`;
      bytes.set(name, (bytes.get(name) ?? 0) + selfSize);
      for (const child of children) add(child);
    };
    add(profile.head);
    return bytes;
  });
}

type Call = (method: string, params?: object) => Promise<unknown>;

/** A session of the inspector of the first isolate. */
async function inspected<Result>(inspectorUrl: string, use: (call: Call) => Promise<Result>): Promise<Result> {
  const [target] = Targets.parse(await (await fetch(`${inspectorUrl}/json`)).json());
  if (target === undefined) throw new Error('workerd offers nothing to inspect');
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error('the inspector does not answer')));
  });
  let id = 0;
  const call: Call = (method, params = {}) => {
    id += 1;
    const own = id;
    return new Promise((resolve, reject) => {
      const onMessage = ({ data }: MessageEvent): void => {
        const reply = Reply.parse(JSON.parse(String(data)));
        if (reply.id !== own) return;
        socket.removeEventListener('message', onMessage);
        if (reply.error === undefined) resolve(reply.result);
        else reject(new Error(`${method}: ${JSON.stringify(reply.error)}`));
      };
      socket.addEventListener('message', onMessage);
      socket.send(JSON.stringify({ id: own, method, params }));
    });
  };
  try {
    return await use(call);
  } finally {
    socket.close();
  }
}
