/**
 * `npm run graph`: which folders of the Worker import which, and whether any go round in a circle.
 *
 *   npm run graph -- core/route core/health
 */
import { commandLine, runCommand, UsageError } from '../command-line.ts';
import { circlesIn, fileGraph, floorOf, type Graph, heightsIn, part, roomGraph, roomOf } from './import-graph.ts';
import { filesMatching } from './source-files.ts';

const help = `Prints which folders of worker/ import which: the core, the pipeline, and the Worker as a whole.

  npm run graph                                  every folder with what it imports, the highest first; (n) is the number of imports
  npm run graph -- core/route core/health        the imports of the first that lead to the second

  A folder imports only what stands below it. Imports of types count. Exit code 1: there is a circle.

  --help`;

const { positionals } = commandLine({ name: 'npm run graph', help, options: {}, maxPositionals: 2 });

const files = fileGraph(filesMatching(/^(?:worker|shared)\/.*\.ts$/));
const rooms = roomGraph(files, roomOf);

function show(folder: string, all: Graph): string[] {
  const graph = part(all, new RegExp(`^${folder}/`));
  const short = (place: string): string => place.slice(folder.length + 1);
  const circles = circlesIn(graph);
  const heights = circles.length === 0 ? heightsIn(graph) : null;
  const places = [...graph.keys()].sort((a, b) => (heights?.get(b) ?? 0) - (heights?.get(a) ?? 0) || a.localeCompare(b));
  const width = Math.max(...places.map((place) => short(place).length));
  return [
    folder,
    ...places.map((place) => `  ${short(place).padEnd(width)}  → ${targetsOf(graph, place, short)}`),
    ...circles.map((circle) => `  circle: ${circle}`),
    '',
  ];
}

function targetsOf(graph: Graph, place: string, short: (place: string) => string): string {
  const targets = [...(graph.get(place) ?? [])].sort(([a], [b]) => a.localeCompare(b));
  return targets.map(([to, links]) => `${short(to)} (${links.length})`).join(', ') || 'nothing';
}

function linksBetween(from: string, to: string): string[] {
  const [first, second] = [from, to].map((name) => {
    const place = `worker/${name.replace(/^worker\//, '').replace(/\/$/, '')}`;
    if (!rooms.has(place)) throw new UsageError(`${name} is no folder of the graph. npm run graph lists them.`);
    return place;
  });
  const links = rooms.get(first ?? '')?.get(second ?? '') ?? [];
  return links.length === 0 ? ['none'] : links.map((link) => `${link.from} → ${link.to}`);
}

await runCommand(() => {
  const [from, to] = positionals;
  if (from !== undefined) {
    if (to === undefined) throw new UsageError('Two folders, or none. npm run graph -- --help');
    console.log(linksBetween(from, to).join('\n'));
    return 0;
  }
  const circles = circlesIn(files);
  const lines = [
    ...show('worker/core', rooms),
    ...show('worker/pipeline', rooms),
    ...show('worker', roomGraph(files, floorOf)),
    `circles of files in worker/ and shared/: ${circles.length === 0 ? 'none' : ''}`,
    ...circles.map((circle) => `  ${circle}`),
  ];
  console.log(lines.join('\n'));
  return circles.length === 0 && circlesIn(part(rooms, /^worker\/core\//)).length === 0 ? 0 : 1;
});
