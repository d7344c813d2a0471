/**
 * Stands in for `hf download` on the PATH: writes a small model with the shape that the pod's table says, and what Hugging Face leaves beside
 * it. `FAKE_HF_FAULTS` is JSON, by repository: what each of the first attempts does.
 */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PodTable } from '../../../infra/pod/table.ts';
import { writeModel } from './write-model.ts';

const [verb, repository = '', ...rest] = process.argv.slice(2);
const folder = rest[rest.indexOf('--local-dir') + 1] ?? '';
if (verb !== 'download' || folder === '') throw new Error('not a download');
const table = JSON.parse(readFileSync(process.env['POINTSMAN_POD_TABLE'] ?? '', 'utf8')) as PodTable;
const model = Object.values(table.models).find((entry) => entry.repository === repository);
if (model === undefined) throw new Error(`404: ${repository}`);

const attempts = join(process.env['FAKE_VLLM_FOLDER'] ?? '', `attempts-${repository.replace('/', '-')}`);
appendFileSync(attempts, `${process.env['HF_HUB_DISABLE_XET'] ?? '0'}\n`);
const attempt = readFileSync(attempts, 'utf8').split('\n').length - 2;
const faults = JSON.parse(process.env['FAKE_HF_FAULTS'] ?? '{}') as Record<string, string[]>;
const fault = faults[repository]?.[attempt];

mkdirSync(join(folder, '.cache/huggingface/download'), { recursive: true });
if (fault === 'fail') {
  writeFileSync(join(folder, 'part'), 'x');
  console.error('requests.exceptions.ConnectionError: reset by peer');
  process.exit(1);
}
if (fault === 'stall') {
  writeFileSync(join(folder, 'part'), 'xx');
  await pause(3_600_000);
}

writeModel(folder, model, fault === 'cut');
