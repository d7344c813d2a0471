/** What an agent can work with, and what it cannot although it is a 200. */
import { describe, expect, it } from 'vitest';
import { type Heard, shortcoming, type Wanted } from '../../../bench/agents/judge.ts';
import { booking } from '../../../bench/agents/workload/schemas.ts';
import { order } from '../../../bench/agents/workload/tools.ts';

const text: Heard = { status: 200, text: 'It is sent.', calls: [], finishReason: 'stop', isDone: true, errorCode: null };
const call = (name: string, argumentsText: string): Partial<Heard> => ({
  text: '',
  calls: [{ name, argumentsText }],
  finishReason: 'tool_calls',
});
const plain: Wanted = { call: null, json: null };
const tool: Wanted = { call: order, json: null };
const table = '{"name":"Ivo","guests":4,"day":"Friday","time":"19:30"}';

describe('an answer', () => {
  it.each<[what: string, heard: Partial<Heard>, wanted: Wanted, wrong: string | null]>([
    ['of text that ends as it should is usable', {}, plain, null],
    ['that is refused is not', { status: 429, errorCode: 'rate_limit_exceeded' }, plain, 'status 429 rate_limit_exceeded'],
    ['with an error in the stream is not', { errorCode: 'upstream_error' }, plain, 'error upstream_error'],
    ['without the end of its stream is not', { isDone: false }, plain, 'the stream has no end'],
    ['that was cut by a limit is not', { finishReason: 'length' }, plain, 'ended with length'],
    ['of white space is not', { text: ' \n' }, plain, 'empty'],
    ['in words where a call was needed is not', {}, tool, 'no tool call'],
    ['with the call that was needed is usable', call('find_order', '{"order_id":"4711"}'), tool, null],
    [
      'with arguments that the schema refuses is not',
      call('find_order', '{"id":4711}'),
      tool,
      'arguments that its schema refuses',
    ],
    ['with arguments that are no JSON is not', call('find_order', '{"order_id":'), tool, 'arguments that its schema refuses'],
    ['that calls an unknown tool is not', call('drop_table', '{}'), tool, 'calls drop_table, which nobody offered'],
    [
      'with a call that ends as text does is not',
      { ...call('find_order', '{"order_id":"1"}'), finishReason: 'stop' },
      tool,
      'a call, but ended with stop',
    ],
    ['in the JSON that was asked for is usable', { text: table }, { call: null, json: booking }, null],
    ['in other JSON is not', { text: '{"name":"Ivo"}' }, { call: null, json: booking }, 'JSON that was not asked for'],
    ['in words around JSON is not', { text: `Sure: ${table}` }, { call: null, json: booking }, 'JSON that was not asked for'],
    ['of any object is usable where any was asked for', { text: '{}' }, { call: null, json: 'object' }, null],
    ['of a list is not', { text: '[]' }, { call: null, json: 'object' }, 'JSON that was not asked for'],
  ])('%s', (_, heard, wanted, wrong) => {
    expect(shortcoming({ ...text, ...heard }, wanted)).toBe(wrong);
  });
});
