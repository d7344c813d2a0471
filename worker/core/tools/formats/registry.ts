/**
 * All text formats, by the id they have in the configuration. A new one needs its file, a line here, its id there, and its
 * corpus.
 */
import type { ToolFormatId } from '../../../../shared/config.ts';
import { deepseekDsml } from './deepseek-dsml.ts';
import { deepseek } from './deepseek.ts';
import { gemma4 } from './gemma4.ts';
import { glm } from './glm.ts';
import { harmony } from './harmony.ts';
import { hermes } from './hermes.ts';
import { jsonBare } from './json-bare.ts';
import { jsonFenced } from './json-fenced.ts';
import { kimiK2 } from './kimi-k2.ts';
import { kimiK3 } from './kimi-k3.ts';
import { llama3Json } from './llama3-json.ts';
import { mistral } from './mistral.ts';
import { pythonic } from './pythonic.ts';
import { qwen3Xml } from './qwen3-xml.ts';
import type { ToolFormat } from './tool-format.ts';

export const toolFormats: Readonly<Record<ToolFormatId, ToolFormat>> = {
  hermes,
  llama3_json: llama3Json,
  mistral,
  pythonic,
  qwen3_xml: qwen3Xml,
  deepseek,
  deepseek_dsml: deepseekDsml,
  glm,
  kimi_k2: kimiK2,
  kimi_k3: kimiK3,
  harmony,
  gemma4,
  json_fenced: jsonFenced,
  json_bare: jsonBare,
};
