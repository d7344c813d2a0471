/** llama.cpp's own HTTP server: how it is installed and started. */
import { fileURLToPath, URL } from 'node:url';
import { chatTemplate, ggufIn, modelSteps, pythonIn, uvIn } from './model.ts';
import type { ServerCommand } from './server-process.ts';
import type { Step } from './steps.ts';

/** The last part is llama.cpp's build. The package carries it compiled: `llama-server` from source takes half an hour. */
const packageVersion = '2026.10.11549';
const launcher = fileURLToPath(new URL('serve-llama.py', import.meta.url));

export const llamaBuild = `b${packageVersion.split('.').at(-1)}`;

export function llamaSteps(folder: string, python: string): Step[] {
  return [
    ...modelSteps(folder, python),
    {
      id: 'llama',
      what: `llama.cpp ${llamaBuild}, 34 MB`,
      of: packageVersion,
      commands: [
        { program: uvIn(folder), args: ['pip', 'install', '-p', pythonIn(folder), '--no-deps', `xllamacpp==${packageVersion}`] },
      ],
    },
  ];
}

/** @param isEmbedder it makes vectors and no chats */
export function llamaCommand(folder: string, port: number, key: string, name: string, isEmbedder: boolean): ServerCommand {
  return {
    name: `llama.cpp ${llamaBuild}${isEmbedder ? ' for vectors' : ''}`,
    program: pythonIn(folder),
    args: [launcher, ggufIn(folder), String(port), name, isEmbedder ? '-' : chatTemplate],
    env: { POINTSMAN_REAL_KEY: key },
    port,
    readyWithinMs: 120_000,
  };
}
