/** How `redirects` is reached by branded domains: a mapping for each, or one load balancer in front of all, which tells the visitor's country. */
import { createHash } from 'node:crypto';
import type { FunctionRow } from '#shared/define.ts';
import { at, items, present, text } from './answer.ts';
import { command, question } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Json, Resource } from './resource.ts';
import { COUNTRY_HEADER } from './service-settings.ts';
import { apiId } from './services-enabled.ts';

/** Which function answers branded domains. */
const SERVICE = 'redirects';
const of = [SERVICE];
export const ADDRESS = 'address/hawker';

export function domains(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  if (!rows.some(({ name }) => name === SERVICE)) return [];
  if (options.loadBalancer) return loadBalancer(options);
  const region = { region: options.region };
  return options.hosts.map((host) => ({
    id: `domain/${host}`,
    kind: 'domain',
    about: `${host} leads to ${SERVICE}, with a certificate; \`gcloud beta run domain-mappings describe\` tells the DNS records to set, once you have proved that the domain is yours (\`gcloud domains verify ${host}\`)`,
    of,
    needs: [`service/${SERVICE}`],
    describe: question(options, ['beta', 'run', 'domain-mappings', 'describe'], { domain: host, ...region }),
    wanted: { service: SERVICE },
    read: (answer) => ({ service: text(answer, 'spec', 'routeName') }),
    create: [
      command(options, ['beta', 'run', 'domain-mappings', 'create'], { service: SERVICE, domain: host, ...region }),
    ],
    remove: [command(options, ['beta', 'run', 'domain-mappings', 'delete'], { domain: host, ...region })],
    cost: '0',
  }));
}

function loadBalancer(options: DeployOptions): Resource[] {
  const { region, hosts } = options;
  const global = { global: true } as const;
  const compute = (...words: string[]) => ['compute', ...words];
  const name = 'hawker';
  const group = 'hawker-redirects';
  const header = `${COUNTRY_HEADER}:{client_region}`;
  const managed = { 'load-balancing-scheme': 'EXTERNAL_MANAGED' };
  // A certificate cannot be changed: other domains are another one.
  const certificate = `hawker-${createHash('sha256')
    .update([...hosts].sort().join())
    .digest('hex')
    .slice(0, 8)}`;
  const attach = command(options, compute('backend-services', 'add-backend', group), {
    ...global,
    'network-endpoint-group': group,
    'network-endpoint-group-region': region,
  });
  const made = (kind: string, noun: string, name: string, about: string, needs: string[]) => ({
    id: `${kind}/${name}`,
    ...{ kind, about, of, needs },
    describe: question(options, compute(noun, 'describe', name), global),
    remove: [command(options, compute(noun, 'delete', name), global)],
  });
  const rule = (port: 80 | 443, proxy: string, flag: string): Resource => ({
    ...made('forwarding', 'forwarding-rules', `hawker-${port}`, `Port ${port} of the address`, [
      ADDRESS,
      `proxy/${proxy}`,
    ]),
    wanted: { target: proxy },
    read: (answer) => ({ target: text(answer, 'target').split('/').at(-1) ?? '' }),
    create: [
      command(options, compute('forwarding-rules', 'create', `hawker-${port}`), {
        ...{ ...global, ...managed, [flag]: proxy, address: name, ports: port },
      }),
    ],
    ...(port === 443 && {
      cost: 'US$18 a month for up to five rules of a project, this one and its sister among them',
    }),
  });
  return [
    {
      ...made('address', 'addresses', name, "Where the branded domains' DNS records lead", [apiId('compute')]),
      wanted: null,
      read: present,
      create: [command(options, compute('addresses', 'create', name), { ...global, 'ip-version': 'IPV4' })],
      cost: '0 while in use',
    },
    {
      id: `endpoints/${group}`,
      kind: 'endpoints',
      about: `Leads from the load balancer to ${SERVICE}`,
      of,
      needs: [`service/${SERVICE}`, apiId('compute')],
      describe: question(options, compute('network-endpoint-groups', 'describe', group), { region }),
      wanted: { service: SERVICE },
      read: (answer) => ({ service: text(answer, 'cloudRun', 'service') }),
      create: [
        command(options, compute('network-endpoint-groups', 'create', group), {
          region,
          'network-endpoint-type': 'serverless',
          'cloud-run-service': SERVICE,
        }),
      ],
      remove: [command(options, compute('network-endpoint-groups', 'delete', group), { region })],
    },
    {
      ...made('backend', 'backend-services', group, `Puts the visitor's country into ${COUNTRY_HEADER}`, [
        `endpoints/${group}`,
      ]),
      wanted: { header },
      read: (answer) => ({ header: text(answer, 'customRequestHeaders', 0) }),
      create: [
        command(options, compute('backend-services', 'create', group), {
          ...global,
          ...managed,
          'custom-request-header': header,
        }),
      ],
      update: [
        command(options, compute('backend-services', 'update', group), { ...global, 'custom-request-header': header }),
      ],
    },
    {
      id: `backend-group/${group}`,
      kind: 'backend-group',
      about: `Sends what the load balancer takes to ${SERVICE}`,
      of,
      needs: [`backend/${group}`, `endpoints/${group}`],
      describe: question(options, compute('backend-services', 'describe', group), global),
      wanted: null,
      read: (answer) => (items(answer, 'backends').some((one) => last(one, 'group') === group) ? null : undefined),
      create: [attach],
      remove: [{ args: attach.args.map((arg) => (arg === 'add-backend' ? 'remove-backend' : arg)) }],
    },
    {
      ...made('url-map', 'url-maps', name, 'All domains lead to one place', [`backend/${group}`]),
      wanted: { service: group },
      read: (answer) => ({ service: last(answer, 'defaultService') }),
      create: [command(options, compute('url-maps', 'create', name), { ...global, 'default-service': group })],
    },
    {
      ...made(
        'certificate',
        'ssl-certificates',
        certificate,
        `For ${hosts.join(', ')}; valid when their DNS records lead to the address`,
        [apiId('compute')],
      ),
      wanted: null,
      read: present,
      create: [
        command(options, compute('ssl-certificates', 'create', certificate), { ...global, domains: hosts.join(',') }),
      ],
      cost: '0',
    },
    {
      ...made('proxy', 'target-https-proxies', 'hawker-https', 'Ends TLS with the certificate', [
        'url-map/hawker',
        `certificate/${certificate}`,
      ]),
      wanted: { certificate },
      read: (answer) => ({ certificate: last(at(answer, 'sslCertificates'), 0) }),
      create: [
        command(options, compute('target-https-proxies', 'create', 'hawker-https'), {
          ...{ ...global, 'url-map': name, 'ssl-certificates': certificate },
        }),
      ],
      update: [
        command(options, compute('target-https-proxies', 'update', 'hawker-https'), {
          ...{ ...global, 'ssl-certificates': certificate },
        }),
      ],
    },
    {
      ...made('proxy', 'target-http-proxies', 'hawker-http', 'Takes plain HTTP, which people type', ['url-map/hawker']),
      wanted: null,
      read: present,
      create: [
        command(options, compute('target-http-proxies', 'create', 'hawker-http'), { ...global, 'url-map': name }),
      ],
    },
    rule(443, 'hawker-https', 'target-https-proxy'),
    rule(80, 'hawker-http', 'target-http-proxy'),
  ];
}

/** The name at the end of an address of the API. */
const last = (answer: Json, ...path: (string | number)[]) =>
  text(answer, ...path)
    .split('/')
    .at(-1) ?? '';
