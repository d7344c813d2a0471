/** Models arrive whole: what breaks off, hangs or comes damaged is fetched again, and what is there already is not. */
import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noPodScripts } from '../../infra/pod/tools.ts';
import { type PodStand, startPodStand } from '../support/pod/pod-stand.ts';

const small = 'Qwen/Qwen2.5-7B-Instruct';
const large = 'Qwen/Qwen2.5-32B-Instruct-AWQ';
let pod: PodStand;

beforeEach(async () => {
  pod = await startPodStand();
});

afterEach(() => pod.remove());

const faults = (by: Readonly<Record<string, readonly string[]>>) => ({ FAKE_HF_FAULTS: JSON.stringify(by) });

describe.skipIf(noPodScripts !== null)(`download (${noPodScripts ?? 'of the models'})`, () => {
  test('fetches both and says so; a second run fetches nothing', async () => {
    const { status, stdout } = await pod.run(['download']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/qwen2\.5-7b\s+ok, attempt 1/);
    expect(stdout).toMatch(/qwen2\.5-32b-awq\s+ok, attempt 1/);
    const again = await pod.run(['download']);
    expect(again.stdout).toMatch(/qwen2\.5-7b\s+there already/);
    expect([pod.downloads(small).length, pod.downloads(large).length]).toEqual([1, 1]);
  });

  test('a broken connection is resumed, and one model does not wait for the other', async () => {
    const { status, stdout } = await pod.run(['download'], faults({ [small]: ['fail', 'fail'] }));
    expect(status).toBe(0);
    expect(stdout).toMatch(/qwen2\.5-7b\s+ok, attempt 3/);
    expect(stdout).toContain('reset by peer');
    expect(pod.downloads(large).length).toBe(1);
  });

  test('one that hangs is ended and resumed without Xet', async () => {
    await pod.remove();
    pod = await startPodStand('a-key', 3);
    const { status, stdout } = await pod.run(['download'], faults({ [large]: ['stall'] }));
    expect(status).toBe(0);
    expect(stdout).toContain('qwen2.5-32b-awq: stalled, resumed over plain HTTP');
    expect([pod.downloads(large).at(0), pod.downloads(large).at(-1)]).toEqual([false, true]);
  });

  test('a cut file is found by its own header and fetched again, although hf takes it for complete', async () => {
    const { status, stdout } = await pod.run(['download'], faults({ [small]: ['cut'] }));
    expect(status).toBe(0);
    expect(stdout).toMatch(/qwen2\.5-7b\s+ok, attempt 2/);
  });

  test('what never comes right fails, by name, and the other is there', async () => {
    const { status, stdout, stderr } = await pod.run(['download'], faults({ [small]: Array(6).fill('cut') as string[] }));
    expect(status).toBe(1);
    expect(stdout).toMatch(/qwen2\.5-7b\s+FAILED/);
    expect(stdout).toMatch(/qwen2\.5-32b-awq\s+ok/);
    expect(stderr).toContain('goes on where it stopped');
  });

  test('nothing is started on a model that is not whole, or is another one', async () => {
    await pod.run(['download']);
    const folder = join(pod.home, 'models/Qwen2.5-7B-Instruct');
    truncateSync(join(folder, 'model-00002-of-00002.safetensors'), 500);
    const cut = await pod.run(['run']);
    expect([cut.status, cut.stderr]).toEqual([
      1,
      expect.stringMatching(/model-00002-of-00002\.safetensors: 500 bytes instead of/),
    ]);
    rmSync(join(folder, 'config.json'));
    expect((await pod.run(['run'])).stderr).toContain('config.json: missing or cut');
    expect(pod.events()).toEqual([]);
  });

  test('without a key nothing is started', async () => {
    rmSync(join(pod.home, 'api-key'));
    expect((await pod.run(['run'])).stderr).toContain('there is no API key');
  });
});
