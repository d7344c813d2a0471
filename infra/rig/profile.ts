/** The model servers of a profile: stand-ins for upstreams without an own server, and the vars that name them all. */
import type { ConfigTree, UpstreamConfig } from '../../shared/config.ts';
import { asItIs } from '../../worker/core/log/known-secrets.ts';
import { dialectsOf } from '../../worker/core/upstreams/registry.ts';
import type { ModelRole } from '../standin/chat.ts';
import type { Fleet, FleetModel } from '../standin/fleet.ts';
import { flavourNames, flavours, type FlavourName } from '../standin/flavours/registry.ts';

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
    flavour: flavourOf(upstreamId, config),
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

/** The first that lists its models where the upstream's dialect looks for them, and takes its key as that sends it. */
function flavourOf(upstreamId: string, { upstreams }: ConfigTree): FlavourName {
  const dialect = dialectsOf(upstreams, asItIs)(upstreamId);
  const path = dialect.probe.models?.path.replace(/\?.*$/, '');
  const headers = dialect.headers('key');
  const isIts = (name: FlavourName): boolean =>
    flavours[name].paths.models === path && flavours[name].keyIn({ ...headers }) === 'key';
  return flavourNames.find(isIts) ?? 'vllm';
}

/** Where the gateway finds a stand-in: behind the tunnel's gate, unless it goes there without the tunnel's token. */
export function urlOf(fleet: Fleet | null, upstreamId: string, { access }: Pick<UpstreamConfig, 'access'>): string | undefined {
  return access ? fleet?.urls[upstreamId] : fleet?.directUrls[upstreamId];
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
    vars[upstream.url_var] = own[id] ?? urlOf(fleet, id, upstream) ?? '';
    vars[upstream.key_var] = upstreamKey;
  }
  return vars;
}
