/**
 * All text formats, by the id they have in the configuration. A new one needs its file, a line here, its id there, and its
 * corpus.
 */
import type { ToolFormatId } from '../../../../shared/config.ts';
import { deepseek } from './deepseek.ts';
import { hermes } from './hermes.ts';
import { jsonBare } from './json-bare.ts';
import { jsonFenced } from './json-fenced.ts';
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
  json_fenced: jsonFenced,
  json_bare: jsonBare,
};
