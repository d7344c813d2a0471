/** Every command in a block of the documentation, and where it is tried. docs/api.md is run whole, one example after the other. */
import { filesMatching } from '../../../infra/graph/source-files.ts';

export interface DocCommand {
  /** `docs/deploy.md`. */
  readonly page: string;
  readonly line: number;
  /** On one line. */
  readonly text: string;
}

const pages = filesMatching(
  /^(?:README|CONTRIBUTING|SECURITY|docs\/.*|infra\/.*\/README|bench\/(?:.*\/)?README)\.md$|^docs\/[^/]+\.md$/,
);

/** Words that begin a command. A block without a language holds commands only where its lines begin with one of the first four. */
const programs = /^(?:\$ )?(?:npm|npx|node|curl|git|cloudflared|docker|vllm|openssl|cp|export|kill|infra\/pod\/pod\.sh)\b/;
const plainPrograms = /^(?:\$ )?(?:npm|npx|node|curl)\b/;
/** Values of variables, and what stands before a command on the lines of the GPU box. */
const noCommand = /^(?:[A-Z_0-9]+=|#|--|\s*$)/;

/** Those of blocks, in the order of the pages. A line of a shell block that begins with an unknown word is one, too. */
export function docCommands(): DocCommand[] {
  return pages.flatMap(({ path, text }) => commandsIn(path, text));
}

export function commandsIn(page: string, text: string): DocCommand[] {
  const found: DocCommand[] = [];
  let language: string | null = null;
  // A command over several lines, as far as it has been read.
  let [begun, beganAt, quotes, line] = ['', 0, 0, 0];
  for (const written of text.split('\n')) {
    line += 1;
    const fence = /^\s*```(.*)$/.exec(written);
    if (fence !== null) {
      language = language === null ? (fence[1] ?? '') : null;
      [begun, quotes] = ['', 0];
      continue;
    }
    if (language === null || !/^(?:sh(?: account)?|console|)$/.test(language)) continue;
    const own = written.replace(/ +# .*$/, '').trim();
    if (begun === '') {
      if (noCommand.test(own) || (language === '' && !plainPrograms.test(own))) continue;
      beganAt = line;
    }
    quotes += own.split("'").length - 1;
    begun = `${begun} ${own.replace(/\\$/, '').trimEnd()}`.trim();
    if (own.endsWith('\\') || quotes % 2 !== 0) continue;
    const text = begun.replace(/^\$ /, '').replace(/ {2,}\S.*$/, '');
    found.push({ page, line: beganAt, text: text.trim() });
    [begun, quotes] = ['', 0];
  }
  return found;
}

export function isKnownProgram({ text }: DocCommand): boolean {
  return programs.test(text);
}

/** `run`: as printed, in that test. `checked`: it takes minutes, or writes files; its script and options are there. `account`: it needs one, or the GPU box. */
export type Way = 'run' | 'checked' | 'account';

/** The first row that fits a command, as `page: text`, says how it is tried. */
export const ways: readonly (readonly [command: RegExp, way: Way, where: string])[] = [
  [
    /^docs\/deploy\.md: (?:npm start|curl .*127\.0\.0\.1:8797|kill|infra\/pod\/pod\.sh (?:memory|\w+ .*--dry-run)|npm run (?:tunnel:check|doctor))/,
    'run',
    'test/pod/deploy-page.test.ts',
  ],
  [/^docs\/deploy\.md: /, 'account', 'walked with stand-ins in test/pod/deploy-page.test.ts'],
  [/^docs\/api\.md: npm start/, 'run', 'with another port in test/pod/deploy-page.test.ts'],
  [/^docs\/api\.md: npm run fuzz/, 'run', 'a part of it in test/http/fuzz.test.ts'],
  [/^docs\/api\.md: curl .*\/admin\/feed\?/, 'run', 'its socket in test/metrics and test/money'],
  [/^docs\/api\.md: curl .*\/admin\/pods\/\S+\/(?:start|stop)/, 'checked', 'where pods are configured'],
  [/: curl .*(?:127\.0\.0\.1:8787|\$URL)/, 'run', 'test/http/doc-commands.test.ts'],
  [/^docs\/stand-ins\.md: node infra\/standin\/cli\.ts/, 'run', 'test/http/doc-commands.test.ts'],
  [
    /^docs\/operations\.md: (?:npm run keys|curl -s (?:-X POST )?https:\/\/gateway\.example\.com)/,
    'run',
    'test/money/admin-api.test.ts',
  ],
  [/^docs\/operations\.md: npm run config/, 'run', 'test/money/config-admin.test.ts'],
  [/: npm run migrate/, 'checked', 'what it does in test/postgres'],
  [/: npm run smoke/, 'checked', 'what it does in test/core/deploy'],
  [/: npm run (?:doctor|deploy)/, 'account', 'what they find and print in test/core/doctor, test/core/deploy'],
  [/^(?:README|CONTRIBUTING)\.md: npm start/, 'run', 'with another port in test/pod/deploy-page.test.ts'],
  [/: npm test/, 'checked', 'CI runs it'],
  [/: npm run (?:format|graph)/, 'checked', 'the graph in test/core/repo/import-floors.test.ts'],
  [/: npm run test:real/, 'checked', 'minutes, with real model servers'],
  [/: npm run (?:reconcile|calibrate|train|eval|bench:[a-z-]+)/, 'checked', 'a minute or more'],
  [/: node bench\//, 'checked', 'a minute or more'],
  [/^docs\/operations\.md: infra\/pod\/pod\.sh hook/, 'run', 'on a free port in test/pod/supervise.test.ts'],
  [/: (?:npx wrangler|openssl|vllm|export)/, 'account', ''],
  [/^infra\/(?:compose|pod)\/README\.md: /, 'account', 'its files in test/pod'],
];

export function wayOf({ page, text }: DocCommand): (typeof ways)[number] | undefined {
  return ways.find(([pattern]) => pattern.test(`${page}: ${text}`));
}
