/** Tasks that a small model gets wrong more often than not. The rule for the label: several steps depend on each other, and a slip in one spoils the answer. */
import type { TaskTemplate, TurnTemplate } from './task.ts';
import * as tools from './tools.ts';
import * as schemas from './schemas.ts';

const large = (user: string, why: string, more: Partial<TurnTemplate> = {}): TurnTemplate => ({
  user,
  tier: 'large',
  why,
  ...more,
});
const thanks: TurnTemplate = { user: 'Perfect, thank you.', tier: 'small', why: 'small talk' };

export const largeTasks: readonly TaskTemplate[] = [
  {
    kind: 'code generation',
    weight: 5,
    system: 'You are a coding agent. Write complete files. No placeholders.',
    talks: [
      [
        large('Implement {structure} in {lang}, {demand}.', 'a program with invariants'),
        large('Now make it generic over the key type and show why no update can be lost.', 'changes the program and argues'),
      ],
      [large('Write {program} in {lang}, {demand}.', 'a program with invariants')],
      [
        large('Build {program} in {lang}. Start with the data structures and the tests.', 'a program in parts'),
        large('Good. Now the rest, so that the tests pass.', 'the rest of the program'),
      ],
    ],
  },
  {
    kind: 'debugging',
    weight: 4,
    talks: [
      [
        large(
          'In {system}, {symptom}. Written in {lang}, three replicas, PostgreSQL behind it. Which causes fit all of that, and how do you tell them apart?',
          'causes from symptoms',
        ),
        large('It only happens on one of the replicas, and restarting moves it to another. What follows?', 'rules causes out'),
      ],
      [
        large(
          '{system}: {symptom}.\n```\nasync function settle(order) {\n  const total = cache.get(order.id) ?? await sum(order);\n  if (order.paid < total) await charge(order, total - order.paid);\n  cache.set(order.id, total);\n}\n```\nFind the race and rewrite it.',
          'a race condition',
        ),
        thanks,
      ],
    ],
  },
  {
    kind: 'design',
    weight: 4,
    talks: [
      [
        large('Design {design}; {constraint}. Weigh two alternatives and name the failure modes.', 'a design with trade-offs'),
        large(
          'What breaks first at ten times the load, and what would you measure to see it coming?',
          'reasons about the design',
        ),
      ],
      [
        large(
          'Review this plan for {design}: one database, one cache, nightly backups. {constraint}. What is wrong with it?',
          'a review with reasons',
        ),
      ],
    ],
  },
  {
    kind: 'mathematics',
    weight: 4,
    talks: [
      [
        large('Prove that {proof}.', 'a proof'),
        large('Does it still hold in the general case? Prove it or give a counterexample.', 'a proof'),
      ],
      [
        large(
          'A tank of {n:300-900} litres fills at {n:5-19} l/min and leaks in proportion to its level, {n:2-9} % a minute. Derive the level over time and whether it overflows.',
          'a derivation',
        ),
      ],
      [
        large(
          '{n:3-6} fair dice are rolled. What is the probability that the largest is exactly twice the smallest? Show the counting.',
          'combinatorics',
        ),
      ],
    ],
  },
  {
    kind: 'professional judgement',
    weight: 3,
    talks: [
      [
        large('Assess the legal risk of {legal}: which facts decide it, and what would you advise?', 'a legal assessment'),
        large('And if the contract had been signed in {country}?', 'a legal assessment'),
      ],
      [large('{medical}: reason through what to do first, and what must not be done.', 'a clinical judgement')],
      [large('Value {finance}. Show the steps and how sensitive the result is.', 'a valuation'), thanks],
    ],
  },
  {
    kind: 'analysis of a long document',
    weight: 2,
    talks: [
      [
        large(
          'Where does this handbook contradict itself, which of the rules would an auditor object to, and why?',
          'compares parts of a document',
          {
            documentWords: 1500,
          },
        ),
        large('Rewrite the two worst sections so that they agree, and justify each change.', 'rewrites with reasons'),
      ],
    ],
  },
  {
    kind: 'plan as JSON',
    weight: 3,
    system: 'You plan work for other agents. Answer with JSON only.',
    talks: [
      [
        large(
          'Plan the migration to {design}: steps with dependencies, risk and how each is rolled back. {constraint}.',
          'a plan whose steps depend on each other',
          { json: schemas.plan },
        ),
      ],
      [
        large(
          'Three suppliers for the {product}: A cheap and slow, B dear and fast, C in dispute. Demand doubled in {month}. Decide what to order, with reasons and risks.',
          'a decision under constraints',
          { json: schemas.decision },
        ),
      ],
    ],
  },
  {
    kind: 'tool: investigation',
    weight: 3,
    system: 'You are an on-call agent. You have read access to logs.',
    tool: tools.logs,
    talks: [
      [
        large(
          '{symptom} in {system} since the deploy on {day}. Search the logs, find the root cause and propose a fix.',
          'causes from logs',
        ),
        large(
          'Search the logs of the database as well, and explain which of the two is the cause and which the effect.',
          'causes from logs',
        ),
      ],
      [
        large(
          'Search the logs of {system}: why does it retry for ever, and how do we stop the storm without losing a message?',
          'causes from logs',
        ),
      ],
    ],
  },
];
