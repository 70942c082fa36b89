import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runToEnd } from '../../../test/support/hawker.ts';
import { HelpWanted, UsageError } from '../../command/usage.ts';
import { manifests } from '../manifests.ts';
import { readAsked } from './read-asked.ts';

const LEAST = ['--for=kubernetes', '--image=registry.example/hawker:1', '--project=demo-1'];
const SCRIPT = new URL('../../deploy.ts', import.meta.url).pathname;

describe('deploy -- manifests', () => {
  it('prints all of it before it ends', async () => {
    const { code, stdout, stderr } = await runToEnd({ script: SCRIPT, args: ['manifests', ...LEAST] });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, manifests(readAsked(LEAST)));
  });

  it('takes what is usual where nothing is said', () => {
    const { mode, namespace, ingressNamespace, bucket, hosts } = readAsked(LEAST);
    assert.deepEqual(
      [mode, namespace, ingressNamespace, bucket, hosts],
      ['functions', 'hawker', 'ingress-nginx', 'demo-1-hawker-blobs', []],
    );
    assert.equal(readAsked(['--for=knative', ...LEAST.slice(1)]).ingressNamespace, 'kourier-system');
    assert.equal(readAsked([...LEAST.slice(0, 2), '--mode=single']).project, '');
  });

  for (const [args, words] of [
    [['--image=a', '--project=demo-1'], '--for must be kubernetes or knative'],
    [['--for=nomad'], '--for must be kubernetes or knative'],
    [LEAST.slice(0, 2), '--project is missing: a project id'],
    [[LEAST[0] ?? '', '--project=demo-1'], '--image is missing: an image such as registry.example/hawker:1.2.3'],
    [[...LEAST, '--namespace=No'], `--namespace must be a namespace's name, not "No"`],
    [[...LEAST, '--host=a b'], '--host must be a host name in lower case, not "a b"'],
    [[...LEAST, '--only=buses'], '--only: there is no function buses; there are '],
    [['--for=knative', ...LEAST.slice(1), '--mode=single'], '--mode single is for kubernetes'],
    [[...LEAST, '--domain=a.example', '--host=bus.a.example'], '--host bus.a.example is where --domain has one'],
    [[...LEAST, '--mode=single', '--domain=a.example', '--host=a.example'], '--host a.example is where --domain has'],
    [[...LEAST, 'now'], 'manifests takes no "now"'],
    [[...LEAST, '--nothing'], 'nothing'],
  ] as const)
    it(`refuses ${args.join(' ')}`, () => {
      assert.throws(
        () => readAsked(args),
        (error) => error instanceof UsageError && error.message.includes(words),
      );
    });

  it('tells how it is called', () => {
    assert.throws(() => readAsked(['--help']), HelpWanted);
  });
});
