/** Reads a Dockerfile and a .dockerignore as far as ours go, for tests on machines without Docker. */
import { matchesGlob } from 'node:path';

export interface Instruction {
  /** In capitals. */
  word: string;
  rest: string;
}

export interface Stage {
  name: string;
  /** The image or the stage that it begins with. */
  from: string;
  instructions: Instruction[];
}

/** https://docs.docker.com/reference/dockerfile/: no heredocs, no escape directive. */
export function parseDockerfile(text: string): Stage[] {
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .flatMap((line) => line.trim() || []);
  const stages: Stage[] = [];
  for (const line of lines) {
    const [, word = '', rest = ''] = /^([A-Za-z]+)\s+(.*)$/.exec(line) ?? [];
    if (word.toUpperCase() !== 'FROM') {
      stages.at(-1)?.instructions.push({ word: word.toUpperCase(), rest });
      continue;
    }
    const [, from = '', name = String(stages.length)] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(rest) ?? [];
    stages.push({ name, from, instructions: [] });
  }
  return stages;
}

/** The rest of each instruction of this word. */
export function all({ instructions }: Stage, word: string): string[] {
  return instructions.flatMap((found) => (found.word === word ? [found.rest] : []));
}

export interface Copy {
  /** The stage that it copies from; undefined: the context. */
  from: string | undefined;
  sources: string[];
  target: string;
}

export function copies(stage: Stage): Copy[] {
  return all(stage, 'COPY').map((rest) => {
    const words = rest.split(/\s+/);
    const paths = words.filter((word) => !word.startsWith('--'));
    const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
    return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
  });
}

/** Whether the path, from the root of the context, is sent to the builder: the last pattern that matches it or a folder above decides. */
export function createContext(dockerignore: string): (path: string) => boolean {
  const patterns = dockerignore.split('\n').flatMap((line) => {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) return [];
    return [{ keep: text.startsWith('!'), glob: text.replace(/^!/, '') }];
  });
  return (path) => {
    const parts = path.split('/');
    const above = parts.map((_, n) => parts.slice(0, n + 1).join('/'));
    let kept = true;
    for (const { keep, glob } of patterns)
      if (above.some((each) => matchesGlob(each, glob) || (glob.startsWith('**/') && matchesGlob(each, glob.slice(3)))))
        kept = keep;
    return kept;
  };
}
