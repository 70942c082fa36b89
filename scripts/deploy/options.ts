/** What a deployment is told beside the manifest: the command line's options, and the optional file `hawker.deploy.json`. */

export interface DeployOptions {
  /** Project id. */
  project: string;
  /** Asked of Google where it is needed: `plan` without --check asks nothing and shows PROJECT_NUMBER. */
  projectNumber: string;
  region: string;
  /** Functions; empty: all. */
  only: readonly string[];
  /** Name of the Docker repository in Artifact Registry. */
  repository: string;
  /** Tag or `sha256:` digest of the one image that all functions share. Absent: `latest` where something is made, and what runs is left running. */
  tag?: string;
  /** Bucket of blobs. */
  bucket: string;
  /** Firestore database: the code speaks to `(default)` alone. */
  database: string;
  /** Branded domains that `redirects` answers. */
  hosts: readonly string[];
  /** A load balancer in front of `redirects` instead of domain mappings: it tells the visitor's country. */
  loadBalancer: boolean;
  /** The load balancer's address, asked of Google as the project's number is; undefined until it is reserved. */
  address?: string;
  /** Direct VPC egress of what connects to databases. */
  vpc?: { network: string; subnet: string };
  /** The file of HAWKER_DATABASES, with what it needs of Google Cloud; without it the migration functions keep to their sample. */
  databases?: DatabasesFile;
  /** Settings that are not secrets, by function; under `*` those of every function that reads them. */
  settings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Secrets of telemetry that all functions get. */
  secrets?: readonly string[];
  /** Instances by function, where they are not the defaults. */
  instances: Readonly<Record<string, { min?: number; max?: number }>>;
}

export interface DatabasesFile {
  /** Its path from the project's folder, the same in the image: it and its folders of migrations are part of that, and hold no secret. */
  path: string;
  /** Secret Manager secrets that it names. */
  secrets: readonly { project: string; name: string }[];
  /** Variables that it names; each is kept as a secret of ours. */
  variables: readonly string[];
  /** Instances of Cloud SQL that it names. `iam`: one logs in there as the service account. */
  instances: readonly { project: string; instance: string; iam: boolean }[];
  /** Firestore databases that it names. */
  firestore: readonly { project: string; database: string }[];
}

/** What an image is called, without tag or digest. */
function imageName({ project, region, repository }: DeployOptions): string {
  return `${region}-docker.pkg.dev/${project}/${repository}/hawker`;
}

/** The image of all functions, `dist/<function>/index.js` its argument. */
export function imageOf(options: DeployOptions): string {
  const { tag = 'latest' } = options;
  return `${imageName(options)}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`;
}
