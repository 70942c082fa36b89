/** What tests of the plan share: options, and a fake of gcloud in this process. */
import type { Carrying } from './apply.ts';
import { emptyState, type FakeState, fakeGcloud } from './fake-gcloud.ts';
import type { Run } from './gcloud.ts';
import type { DeployOptions } from './options.ts';
import type { Command } from './resource.ts';

export const OPTIONS: DeployOptions = {
  project: 'demo-1',
  projectNumber: '123456789012',
  region: 'asia-southeast1',
  only: [],
  repository: 'hawker',
  bucket: 'demo-1-hawker-blobs',
  database: '(default)',
  hosts: ['go.example.com'],
  loadBalancer: false,
  settings: {},
  instances: {},
};

/** Everything that can be asked for. */
export const FULL: DeployOptions = {
  ...OPTIONS,
  tag: 'v1',
  hosts: ['a.example.com', 'b.example.com'],
  loadBalancer: true,
  address: '203.0.113.7',
  vpc: { network: 'net', subnet: 'sub' },
  databases: {
    path: 'databases/databases.json',
    secrets: [{ project: 'demo-1', name: 'shop-url' }],
    variables: ['SHOP_URL'],
    instances: [{ project: 'demo-1', instance: 'shop', iam: true }],
    firestore: [{ project: 'demo-1', database: 'other' }],
  },
  settings: { '*': { HAWKER_ADMIN_EMAILS: 'a@example.com,b@example.com' } },
  instances: { redirects: { min: 1, max: 50 } },
};

export interface Fake {
  state: FakeState;
  run: Run;
  /** How it is carried out at once; `said` is filled. */
  carrying: Carrying;
  said: string[];
  waits: number[];
}

/** A project with nothing in it but a secret that somebody else made. `before` sees each command, and may answer in the fake's place. */
export function fakeProject(before: (command: Command) => { stderr: string } | undefined = () => undefined): Fake {
  const state = emptyState();
  state.things['secrets/shop-url'] = { name: 'shop-url' };
  const said: string[] = [];
  const waits: number[] = [];
  const run: Run = async (command) => {
    const refused = before(command);
    if (refused) return { code: 1, stdout: '', ...refused };
    return fakeGcloud(state, command.args, await command.input?.());
  };
  const carrying: Carrying = {
    run,
    say: (line) => said.push(line),
    yes: true,
    stopped: () => false,
    sleep: async (ms) => {
      waits.push(ms);
    },
    random: () => 1,
  };
  return { state, run, carrying, said, waits };
}
