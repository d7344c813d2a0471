/** A model server's words as a client may read them: they never show where the server is. */
import { describe, expect, it } from 'vitest';
import { safeDetail } from '../../../worker/core/upstreams/safe-detail.ts';

describe('safeDetail', () => {
  it.each([
    ['a URL', 'no route to https://small.example.com:8001/v1/chat?key=abc today', 'no route to [address] today'],
    ['a long URL', `see http://a.example/${'x'.repeat(550)} now`, 'see [address] now'],
    ['other schemes', 'at ws://10.0.0.1/x and postgres://u:p@db/x', 'at [address] and [address]'],
    ['a bare address', 'connection to 10.1.2.3:8001 refused', 'connection to [address] refused'],
    ['a deep path', 'in /usr/lib/python3/site-packages/vllm/engine.py', 'in [path]'],
    ['a short path', 'cannot open /models/qwen', 'cannot open [path]'],
    ['a path in quotes', 'File "/root/.cache/model.bin"', 'File "[path]"'],
    ['a path that begins relative', 'in site-packages/vllm/engine/core.py', 'in site-packages[path]'],
    ['control characters', 'a\u0000b\nc\td\u001b[31m', 'a b c d [31m'],
    ['a host with a port', 'vllm-small.internal:8001 refused', '[address] refused'],
    [
      'a host of one word with a port',
      'Cannot connect to host vllm:8000 ssl:default',
      'Cannot connect to host [address] ssl:default',
    ],
    ['a service name with a port', 'got none from vllm-7b-0:8001', 'got none from [address]'],
    ['a service name by itself with a port', 'vllm-7b-0:8001: connection reset', '[address]: connection reset'],
    ['localhost', 'localhost:8001 and localhost', '[address] and [address]'],
    ['a bare host', 'lookup gpu1.lab.internal failed', 'lookup [address] failed'],
    ['a public host', 'see platform.example.com for more', 'see [address] for more'],
    ['a cluster name', 'vllm.models.svc.cluster.local', '[address]'],
    ['an address and its port apart', "('10.0.0.5', 8001)", "('[address]', 8001)"],
    [
      'the pool of a Python client',
      "HTTPConnectionPool(host='vllm', port=8001): refused",
      'HTTPConnectionPool(host=[address]): refused',
    ],
    ['IPv6 in brackets', 'dial tcp [fd00::12]:8000: refused', 'dial tcp [address]: refused'],
    ['IPv6', 'no route to fe80::1ff:fe23:4567:890a or ::1', 'no route to [address] or [address]'],
    ['IPv6 in full', 'at 2001:db8:0:0:0:ff00:42:8329', 'at [address]'],
    ['a path of Windows', 'cannot open C:\\models\\qwen.gguf today', 'cannot open [path] today'],
    ['a credential', 'sent Bearer abc.def', 'sent [redacted]'],
  ])('hides %s', (_, text, expected) => {
    expect(safeDetail(text)).toBe(expected);
  });

  it.each([
    '`tools` must not be an empty array.',
    'use application/json',
    'temperature and/or top_p',
    'Qwen/Qwen2.5-7B-Instruct',
    'expected 0.5 of 32768',
    'é 日本 🌍',
    'at 12:30, and 12:30:45 again',
    'foo:bar and std::string and a::b::c',
    '{"max_tokens":4096,"n":2}',
    'limit:8192, value=4096',
    'line 3:14 of the template',
    'messages.0.content is too long',
    'torch.nn.functional failed on qwen2.5-7b.gguf',
    'max_model_len=4096 (parameter=max_tokens, value=100000)',
    'ratio 16:9',
    'e.g. json.loads of tool.name',
  ])('keeps what is neither address nor path: %s', (text) => {
    expect(safeDetail(text)).toBe(text);
  });

  it('keeps at most 300 characters', () => {
    expect(safeDetail('x'.repeat(100_000))).toHaveLength(300);
  });
});
