/** A Worker around one collection object, for `npm run bench:vectors`: fills it, asks it, evicts it and makes it refuse, each on its own path. */
import type { NewDocument, PutAnswer, Question, SearchAnswer, VectorShape } from '../../worker/core/rag/collection.ts';
import { quantise } from '../../worker/core/rag/quantise.ts';
import { randomVectors } from './random-vectors.ts';

interface Driven {
  put(batch: unknown): Promise<PutAnswer>;
  search(question: Question, shape: VectorShape, most: number): Promise<SearchAnswer>;
  list(afterId: string, most: number): Promise<{ readonly state: { readonly counts: unknown } }>;
  remove(id: string, isElsewhere: boolean): Promise<unknown>;
}

interface Env {
  readonly OBJECTS: { getByName(name: string): Driven };
}

interface Order {
  readonly dimensions: number;
  readonly limit: number;
  /** `put`: documents of so many passages each, from number `from` on. */
  readonly from?: number;
  readonly documents?: number;
  readonly passages?: number;
  /** `search`: the seed of the question. */
  readonly seed?: number;
}

interface Unsafe {
  readonly default: { evict(stub: object): Promise<void> };
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const order: Order = await request.json();
    const stub = env.OBJECTS.getByName('bench');
    const shape: VectorShape = { store: 'object', model: 'bench', dimensions: order.dimensions };
    switch (new URL(request.url).pathname) {
      case '/put': {
        const documents = documentsOf(order);
        const limits = { documents: 1_000_000, chunks: order.limit, bytes: 1_000_000_000 };
        const answer = await stub.put({ shape, limits, documents, unchanged: [] });
        return Response.json(answer.kind === 'stored' ? { kind: answer.kind, counts: answer.counts } : answer);
      }
      case '/search': {
        const [question = new Float32Array()] = randomVectors(1, order.dimensions, order.seed ?? 1);
        const answer = await stub.search(
          { vector: question, words: `how does a passage with word${order.seed ?? 1} usually behave` },
          shape,
          6,
        );
        return Response.json(answer.kind === 'found' ? { found: answer.chunks.length, compared: answer.compared } : answer);
      }
      case '/remove':
        return Response.json(await stub.remove(`d${order.from ?? 0}`, false));
      case '/evict': {
        // workerd's own module, which no bundler knows and no types describe.
        const name = ['workerd', 'unsafe'].join(':');
        const { default: unsafe }: Unsafe = await import(name);
        await unsafe.evict(stub);
        return Response.json({});
      }
      default:
        return Response.json((await stub.list('', 1)).state.counts);
    }
  },
};

function documentsOf({ from = 0, documents = 1, passages = 1, dimensions }: Order): NewDocument[] {
  return Array.from({ length: documents }, (_, number) => {
    const vectors = randomVectors(passages, dimensions, from + number + 1).map((vector) => quantise(vector));
    const text = `${'A passage of about as many characters as they usually have. '.repeat(18)}word${from + number}`;
    return {
      record: {
        id: `d${from + number}`,
        title: 'A title',
        format: 'text',
        metadataJson: '{}',
        chunks: passages,
        tokens: passages * 300,
        bytes: passages * text.length,
        hash: String(from + number),
        createdAtMs: 0,
        updatedAtMs: 0,
      },
      revision: `r${from + number}`,
      chunks: vectors.map(() => ({ start: 0, end: text.length, tokens: 300, headings: ['A', 'B'], text })),
      values: Int8Array.from(vectors.flatMap(({ values }) => [...values])),
      scales: Float32Array.from(vectors.map(({ scale }) => scale)),
    };
  });
}
