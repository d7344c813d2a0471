/** Counts this isolate's calls of Durable Objects, which the platform bills one by one. The ledger takes the counts along with its batches. */
import type { Named } from '../core/ledger/counters.ts';

/** What a client needs of a namespace: a new stub for every call. */
export type Namespace<T extends Rpc.DurableObjectBranded | undefined> = Pick<DurableObjectNamespace<T>, 'getByName'>;

export interface ObjectCalls {
  /** The namespace, with every stub that it gives out counted as a call. */
  counted<T extends Rpc.DurableObjectBranded | undefined>(objectClass: string, namespace: Namespace<T>): Namespace<T>;
  /** The counts since the last time. */
  take(): Named<number>;
}

export function createObjectCalls(): ObjectCalls {
  let counts = new Map<string, number>();
  return {
    counted: (objectClass, namespace) => ({
      getByName(name, options) {
        counts.set(objectClass, (counts.get(objectClass) ?? 0) + 1);
        return namespace.getByName(name, options);
      },
    }),
    take() {
      const taken = [...counts];
      counts = new Map();
      return taken;
    },
  };
}
