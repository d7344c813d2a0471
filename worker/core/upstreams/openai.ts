/**
 * Any server with OpenAI's chat wire: OpenAI itself, Gemini's compatible endpoint, OpenRouter, SGLang, MAX Serve, llama.cpp, Ollama. It is
 * asked with the published fields only; its answers, errors and usage are read by the same tolerant readers as vLLM's.
 */
import type { HideSecrets } from '../log/known-secrets.ts';
import type { Dialect, ListedModel, WireOptions } from './dialect.ts';
import { encodeRequest } from './openai-request.ts';
import { untold, untoldWarning } from './untold.ts';
import { createVllm } from './vllm.ts';
import { vllmProbe } from './vllm-probe.ts';

export function createOpenAi(hideSecrets: HideSecrets, wire: WireOptions): Dialect {
  // The way to count prompts is vLLM's own, and so are all vectors but OpenAI's.
  const { counting: _, pooling, ...readers } = createVllm(hideSecrets);
  const base = wire.base_path ?? '/v1';
  return {
    ...readers,
    probe: { models: wire.lists_models === false ? null : { path: `${base}/models`, read: readModels }, load: null },
    encode(request, options) {
      const body = encodeRequest(request, options, wire);
      return { path: `${base}/chat/completions`, body, warning: untoldWarning(options.servedName, untold(request, body)) };
    },
    ...(pooling === undefined
      ? {}
      : {
          pooling: {
            encode(task, servedName) {
              const encoded = pooling.encode(task, servedName);
              if (!encoded.ok) return encoded;
              const { path, body } = encoded.value;
              return { ...encoded, value: { path: path.replace(/^\/v1(?=\/)/, base), body } };
            },
            read: pooling.read,
          },
        }),
  };
}

/** Gemini lists `models/gemini-…` and answers to the name without that. */
function readModels(body: string): readonly ListedModel[] | null {
  const listed = vllmProbe.models.read(body);
  return (
    listed?.flatMap((model) => (model.name.startsWith('models/') ? [model, { ...model, name: model.name.slice(7) }] : [model])) ??
    null
  );
}
