/** The model servers of a profile: stand-ins for upstreams without an own server, and the vars that name them all. */
import type { ConfigTree } from '../../shared/config.ts';
import type { ModelRole } from '../standin/chat.ts';
import type { Fleet, FleetModel } from '../standin/fleet.ts';

/** Stand-ins for every upstream of the profile that is not `own`. */
export function standinsFor(config: ConfigTree, own: Readonly<Record<string, string>> = {}): FleetModel[] {
  return Object.keys(config.upstreams)
    .filter((id) => !Object.hasOwn(own, id) && config.upstreams[id]?.url_var !== undefined)
    .flatMap((id) => standinFor(id, config));
}

function standinFor(upstreamId: string, config: ConfigTree): FleetModel[] {
  const found = Object.entries(config.models).find(([, model]) => model.upstreams.includes(upstreamId));
  if (found === undefined) return [];
  const [modelId, model] = found;
  const options: FleetModel = {
    id: upstreamId,
    kind: model.kind,
    servedName: model.served_name,
    role: roleOf(modelId, config),
    maxModelLen: model.context_tokens,
    // A model whose calls the gateway parses from text runs on a server without a tool parser.
    toolParser: model.tool_formats.length > 0 ? 'none' : 'hermes',
  };
  const { reasoning } = model;
  return [reasoning === 'think' || reasoning === 'think_open' ? { ...options, reasoningStyle: reasoning } : options];
}

function roleOf(modelId: string, config: ConfigTree): ModelRole {
  const { models } = config.routing.intent;
  if (models.code === modelId) return 'coder';
  if (models.reasoning === modelId) return 'reasoner';
  return config.models[modelId]?.tier ?? 'small';
}

/** The Worker's vars for a profile on those servers. */
export function varsFor(
  config: ConfigTree,
  own: Readonly<Record<string, string>>,
  fleet: Fleet | null,
  profile: string,
  upstreamKey: string,
): Record<string, string> {
  const vars: Record<string, string> = {
    ENVIRONMENT: 'development',
    CONFIG_PROFILE: profile,
    ACCESS_CLIENT_ID: fleet?.clientId ?? '',
    ACCESS_CLIENT_SECRET: fleet?.clientSecret ?? '',
  };
  for (const [id, upstream] of Object.entries(config.upstreams)) {
    if (upstream.url_var === undefined) continue;
    vars[upstream.url_var] = own[id] ?? fleet?.urls[id] ?? '';
    vars[upstream.key_var] = upstreamKey;
  }
  return vars;
}
