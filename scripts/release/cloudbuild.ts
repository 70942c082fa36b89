/** The part of cloudbuild.yaml that is made from the manifest: a candidate of each function, and the traffic once all of them answer. */
import type { FunctionRow } from '#shared/define.ts';

const BEGIN = '  # candidates:begin\n';
const END = '  # candidates:end\n';

/** Where gcloud is, and the Node that the first step has installed. */
const STEP = {
  name: 'gcr.io/google.com/cloudsdktool/google-cloud-cli:slim',
  entrypoint: 'node_modules/.bin/node',
};

function step(id: string, waitFor: readonly string[], words: readonly string[], seconds: number): string {
  return `  - id: ${id}
    name: ${STEP.name}
    waitFor: [${waitFor.join(', ')}]
    entrypoint: ${STEP.entrypoint}
    args: [${['scripts/release.ts', ...words, '--project=$PROJECT_ID', '--region=$_REGION'].join(', ')}]
    timeout: ${seconds}s
`;
}

/** The document with its part made anew; undefined where its marks are gone. */
export function withCandidates(document: string, rows: readonly FunctionRow[]): string | undefined {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) return undefined;
  const steps = rows.map(({ name }) =>
    step(`candidate-${name}`, ['changed'], ['candidate', name, '--build=$BUILD_ID'], 900),
  );
  const all = rows.map(({ name }) => `candidate-${name}`);
  const made = [...steps, step('traffic', all, ['traffic'], 1_800)].join('\n');
  return `${document.slice(0, begin)}${BEGIN}${made}${document.slice(end)}`;
}
