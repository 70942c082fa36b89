/** What the manifests of a cluster are told beside THE table. */
import type { Target } from '#shared/migrations/target.ts';

export interface Asked {
  for: 'kubernetes' | 'knative';
  /** `functions`: each on its own, over Firestore and Pub/Sub. `single`: all in one pod on one volume, without Google. */
  mode: 'functions' | 'single';
  namespace: string;
  /** The one image of all functions. */
  image: string;
  /** Branded hosts. */
  hosts: readonly string[];
  /** Below it each HTTP function but `redirects` has a host of its own, such as `links.hawker.example.com`; in mode `single` the console is there. */
  domain?: string;
  /** Of Firestore and Pub/Sub; '' in mode `single`. */
  project: string;
  bucket: string;
  /** Where the plan has put Cloud Scheduler's jobs. */
  region: string;
  /** Functions; empty: all. */
  only: readonly string[];
  ingressClass: string;
  /** Where the ingress controller's pods are. */
  ingressNamespace: string;
  /** A ClusterIssuer of cert-manager that makes the certificates; without it they are yours to put into the Secrets. */
  issuer?: string;
  /** Settings that are not secrets, by function; under `*` those of every function that reads them. */
  settings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Secrets of telemetry that all functions get. */
  secrets?: readonly string[];
  /** Without it there are only samples to migrate, which are files of one machine: so no function that migrates. */
  databases?: Databases;
}

export interface Databases {
  /** Of HAWKER_DATABASES, the same in the image as from the project's folder; its folders of migrations are beside it there. */
  path: string;
  /** Variables that hold an address or a password. */
  variables: readonly string[];
  targets: readonly Target[];
}
