/** The agents' workload: drawn alike from one seed, labelled beside each template, and free of what only a stand-in understands. */
import { describe, expect, it } from 'vitest';
import { drawWorkload, requestsOf } from '../../../bench/agents/workload/draw.ts';
import { largeTasks } from '../../../bench/agents/workload/large-tasks.ts';
import { slots } from '../../../bench/agents/workload/slots.ts';
import { smallTasks } from '../../../bench/agents/workload/small-tasks.ts';

const options = { seed: '1', agents: 50, requests: 600, largeWeight: 1, thinkMs: 25_000 };
const drawn = drawWorkload(options);
const tasks = drawn.flatMap((agent) => agent.tasks);
const turns = tasks.flatMap((task) => task.turns);

describe('a workload', () => {
  it('of the default size has fifty agents with something to do, and at least six hundred requests', () => {
    expect(drawn).toHaveLength(50);
    expect(drawn.filter(({ tasks: own }) => own.length === 0)).toEqual([]);
    expect(tasks.reduce((sum, task) => sum + requestsOf(task), 0)).toBeGreaterThanOrEqual(600);
  });

  it('is the same for the same seed, and another for another one', () => {
    expect(drawWorkload(options)).toEqual(drawn);
    expect(drawWorkload({ ...options, seed: '2' })).not.toEqual(drawn);
  });

  it('has every kind, both labels, tools, JSON, long documents, streams and whole answers', () => {
    expect(new Set(tasks.map(({ kind }) => kind))).toEqual(new Set([...smallTasks, ...largeTasks].map(({ kind }) => kind)));
    const share = turns.filter(({ tier }) => tier === 'large').length / turns.length;
    expect([share > 0.2, share < 0.5]).toEqual([true, true]);
    const has = (wanted: (turn: (typeof turns)[number]) => boolean) => turns.filter(wanted).length > 10;
    expect([has(({ json }) => json !== null), has(({ toolResult }) => toolResult !== null)]).toEqual([true, true]);
    expect(has(({ user }) => user.length > 3000)).toBe(true);
    expect(new Set(tasks.map(({ isStreamed }) => isStreamed)).size).toBe(2);
  });

  it('says few things twice', () => {
    const texts = turns.map(({ user }) => user).filter((text) => text.length > 40);
    expect(new Set(texts).size / texts.length).toBeGreaterThan(0.75);
  });

  it('leaves no slot open and steers no stand-in', () => {
    const all = tasks.flatMap(({ system, turns: said }) => [
      system ?? '',
      ...said.flatMap(({ user, toolResult }) => [user, toolResult ?? '']),
    ]);
    expect(all.filter((text) => /\{[a-z]+\}|\{n:|\[\[/.test(text))).toEqual([]);
  });

  it('has more large requests where their weight is larger', () => {
    const large = (of: typeof drawn) =>
      of.flatMap((agent) => agent.tasks).filter(({ turns: [first] }) => first?.tier === 'large').length;
    expect(large(drawWorkload({ ...options, largeWeight: 3 }))).toBeGreaterThan(1.5 * large(drawn));
  });
});

describe('a template', () => {
  it.each([...smallTasks, ...largeTasks].map((task) => [task.kind, task] as const))(
    'of %s says why each label is what it is',
    (_, task) => {
      const all = task.talks.flat();
      expect(all.filter(({ why }) => why.length < 7)).toEqual([]);
      const named = all.flatMap(({ user }) => [...user.matchAll(/\{([a-z]+)\}/g)].map(([, name = '']) => name));
      expect(named.filter((name) => slots[name] === undefined)).toEqual([]);
    },
  );
});
