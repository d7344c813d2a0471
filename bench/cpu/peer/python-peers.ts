/**
 * Gateways from the Python package index, with exact versions of all that they ask for: LiteLLM's proxy, and vLLM's router, which is Rust. Each
 * is installed into an environment of its own in tmp/, which git ignores, when a bench is first asked for it; no package is built and none is a
 * dependency of this project. Both run as they are shipped, except that they write no line a request and ask nobody but the model server.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { findPython, pythonEnvironment } from '../../../infra/python.ts';
import { clientKey } from '../../../infra/rig/connect.ts';
import { repoFolder } from '../../../infra/wrangler.ts';
import type { Program } from './program.ts';

export const pythonPeers = ['litellm', 'vllm-router'] as const;
export type PythonPeer = (typeof pythonPeers)[number];

const homeOf = (peer: PythonPeer): string => join(repoFolder, `tmp/peer-${peer}`);

/** Null once the peer is installed, else a sentence that says why it is not. The first time takes a minute or two. */
export function installPeer(peer: PythonPeer): string | null {
  const python = findPython();
  if (python === null) return `${peer} needs Python 3.10 or newer with venv.`;
  try {
    environment(python, peer);
    return null;
  } catch (error) {
    const [first = '', ...rest] = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    return `${peer} could not be installed into tmp/peer-${peer}: ${rest.at(-1)?.trim() ?? first}`;
  }
}

function environment(python: string, peer: PythonPeer): string {
  const requirements = fileURLToPath(new URL(`${peer}.txt`, import.meta.url));
  return pythonEnvironment(python, { home: homeOf(peer), requirements, isWheelsOnly: true });
}

/** How an installed peer is started before a model server. Throws when it cannot be installed. */
export function peerProgram(peer: PythonPeer, upstreamUrl: string): Program {
  const bin = environment(findPython() ?? 'python3', peer);
  return peer === 'litellm' ? liteLlm(bin, upstreamUrl) : vllmRouter(bin, upstreamUrl);
}

/** One worker, for one core; a master key to be checked, prices to be counted. */
function liteLlm(bin: string, upstreamUrl: string): Program {
  const folder = folderIn(homeOf('litellm'));
  const config = {
    model_list: [
      {
        model_name: 'auto',
        litellm_params: {
          model: 'openai/Qwen/Qwen2.5-7B-Instruct',
          api_base: `${upstreamUrl}/v1`,
          api_key: 'none',
          input_cost_per_token: 1e-7,
          output_cost_per_token: 1e-7,
        },
      },
    ],
    general_settings: { master_key: clientKey },
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config, null, 2));
  return {
    command: join(bin, 'litellm'),
    args: ({ http }) => [
      '--config',
      'config.yaml',
      '--host',
      '127.0.0.1',
      '--port',
      `${http}`,
      '--num_workers',
      '1',
      '--telemetry',
      'False',
    ],
    env: { LITELLM_LOG: 'ERROR', LITELLM_LOCAL_MODEL_COST_MAP: 'True', DISABLE_ADMIN_UI: 'True' },
    folder,
    readyPath: '/health/liveliness',
  };
}

/** One model server behind it. It knows neither keys nor prices. */
function vllmRouter(bin: string, upstreamUrl: string): Program {
  return {
    command: join(bin, 'python'),
    args: ({ http, other }) => {
      const listens = ['--host', '127.0.0.1', '--port', `${http}`, '--prometheus-port', `${other}`];
      return ['-m', 'vllm_router.launch_router', ...listens, '--worker-urls', upstreamUrl, '--log-level', 'error'];
    },
    env: {},
    folder: folderIn(homeOf('vllm-router')),
    readyPath: '/health',
  };
}

function folderIn(home: string): string {
  const folder = join(home, 'run');
  mkdirSync(folder, { recursive: true });
  return folder;
}
