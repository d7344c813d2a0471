/**
 * While a deployment is rolled out, isolates of the version before call objects of the new one: a method that they know must stay. A method
 * is taken off this list only when no version that calls it can run any more, which is one deployment after its last caller is gone.
 */
import { describe, expect, it } from 'vitest';
import { filesMatching } from '../../../infra/graph/source-files.ts';

const known: Readonly<Record<string, readonly string[]>> = {
  'admission-object': ['enter', 'wait', 'leave', 'renew', 'look'],
  'collection-object': ['look', 'put', 'list', 'get', 'remove', 'search', 'load', 'dropped', 'forgetDropped', 'enlist', 'strike'],
  'health-object': ['probe', 'exchange', 'look'],
  'kept-object': ['open', 'append', 'read', 'cancel'],
  'keys-object': [
    'configVersions',
    'configVersion',
    'addConfig',
    'find',
    'get',
    'list',
    'put',
    'replace',
    'remove',
    'note',
    'audit',
  ],
  'learn-object': ['keep', 'mayShadow', 'shadowed', 'rate', 'active', 'status'],
  'ledger-object': [
    'book',
    'bookFromShard',
    'addTicket',
    'bookForRoot',
    'passOn',
    'watch',
    'handOver',
    'total',
    'series',
    'requests',
    'request',
    'usageOf',
    'breakdownOf',
    'keysSeen',
    'reset',
  ],
  'rows-object': ['append', 'wake', 'status'],
  'session-object': ['get', 'put', 'rate'],
  'tenant-object': ['take', 'admit', 'extend', 'finish', 'hear', 'rate', 'budgets', 'open'],
};

const sources = filesMatching(/^worker\/objects\/[a-z-]+-object\.ts$/);

describe('an object answers isolates of the version before', () => {
  it.each(Object.entries(known))('%s', (name, methods) => {
    const text = sources.find(({ path }) => path.endsWith(`/${name}.ts`))?.text ?? '';
    expect(methods.filter((method) => !methodsIn(text).includes(method))).toEqual([]);
  });

  it('with every object on the list', () => {
    const objects = sources.map(({ path }) => path.split('/').at(-1)?.replace('.ts', ''));
    expect(objects.filter((name) => !Object.hasOwn(known, name ?? '')).toSorted()).toEqual([]);
  });
});

/** Public methods of the class. */
function methodsIn(text: string): string[] {
  return [...text.matchAll(/^ {2}(?:async )?([a-z][A-Za-z]*)\(/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'constructor');
}
