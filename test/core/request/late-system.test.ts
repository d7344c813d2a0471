/** System messages in the middle of a conversation, for models that take them at its beginning only. */
import { describe, expect, it } from 'vitest';
import type { InnerRequest, Message } from '../../../worker/core/request/inner-request.ts';
import { requestFor } from '../../../worker/core/request/late-system.ts';

const system = (content: string): Message => ({ role: 'system', content });
const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });
const asked = (messages: readonly Message[]) => ({ model: 'auto', messages }) as InnerRequest;
const sent = (...messages: readonly Message[]) => requestFor({ late_system: 'user' }, asked(messages)).messages;
const late = '<system>\nNow in French.\n</system>';

describe('a later system message', () => {
  const told = system('Now in French.');
  const rows: readonly (readonly [string, readonly Message[], readonly Message[]])[] = [
    [
      'is what the user says before, in that turn',
      [system('A'), user('hi'), told, assistant('salut')],
      [system('A'), user(`hi\n\n${late}`), assistant('salut')],
    ],
    [
      'is what the user says behind it, in that turn',
      [user('hi'), assistant('hello'), told, user('more')],
      [user('hi'), assistant('hello'), user(`${late}\n\nmore`)],
    ],
    [
      'is a turn of its own between others',
      [user('hi'), assistant('a'), told, assistant('b')],
      [user('hi'), assistant('a'), user(late), assistant('b')],
    ],
    [
      'of the developer is the same, and so is the last one',
      [user('hi'), assistant('a'), { role: 'developer', content: [{ type: 'text', text: 'Now in French.' }] }],
      [user('hi'), assistant('a'), user(late)],
    ],
    [
      'does not join turns of the user that it does not touch',
      [user('a'), user('b'), assistant('c'), told],
      [user('a'), user('b'), assistant('c'), user(late)],
    ],
    [
      'stands beside a picture',
      [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.test/a.png' } }] }, told],
      [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
            { type: 'text', text: late },
          ],
        },
      ],
    ],
  ];
  it.each(rows)('%s', (_, given, expected) => expect(sent(...given)).toEqual(expected));

  it('stays one for every other model, and a conversation without one is the same object', () => {
    const some = asked([user('hi'), told]);
    expect(requestFor({}, some)).toBe(some);
    expect(requestFor({ late_system: 'system' }, some)).toBe(some);
    const none = asked([system('A'), system('B'), user('hi')]);
    expect(requestFor({ late_system: 'user' }, none)).toBe(none);
    const alone = asked([system('A')]);
    expect(requestFor({ late_system: 'user' }, alone)).toBe(alone);
  });
});
